// Whole networks, float32, batch 1, one thread and two: against onnxruntime-web, and onnxruntime-node for information; with more than one thread,
// Kerf on one takes its turns too. Then what it takes to make a network of 100 MB ready, each time in a process of its own.
//
//     npm run bench -- networks [--threads 1,2] [--network resnet50,…] [--rounds 11] [--no-start] [--json FILE]

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openDuel } from './duel.mjs'
import { judge, measureProcess, median, verdict } from './measure.mjs'
import { benchOptions, threadsText } from './options.mjs'
import { installPeers } from './peers.mjs'

const contenders = {
  kerf: 'kerf-network.mjs',
  'ort-web': 'ort-network.mjs?runtime=web',
  'ort-node': 'ort-network.mjs?runtime=node',
}
/** Beside them where there are more threads. */
const alone = { 'kerf, 1': 'kerf-network.mjs?threads=1' }
const networks = ['resnet18', 'resnet50', 'mobilenet_v2', 'squeezenet1_1']
const shape = [1, 3, 224, 224]
/** How many times faster than onnxruntime-web every network should be, and two threads than one. */
const target = 1.2
const scaling = 1.8
/** Largest difference between outputs, as a part of the largest value. */
const tolerance = 1e-4
const startSeconds = 1

/** @param {string[]} args */
export async function benchmark(args = []) {
  const { nets } = await import('../dist/api/nets.js')
  const options = benchOptions(
    args,
    { threads: [1, 2], network: networks, rounds: 11, 'no-start': false },
    { network: Object.keys(nets) },
  )
  await installPeers()
  const folder = mkdtempSync(join(tmpdir(), 'kerf-bench-'))
  try {
    const files = await writeNetworks(options.network, folder)
    const results = []
    let missed = 0
    for (const threads of options.threads) missed += await race(files, threads, options.rounds, results)
    if (!options['no-start']) {
      const [written] = files.filter((f) => f.name === 'resnet50')
      missed += await start(written ?? (await writeNetworks(['resnet50'], folder))[0])
    }
    if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`)
    return missed
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Kerf's own architectures with seeded weights, as files. */
async function writeNetworks(names, folder) {
  const { nets } = await import('../dist/api/nets.js')
  const { writeModelFile } = await import('../dist/api/files.node.js')
  const { profileModel } = await import('../dist/api/cost.js')
  return names.map((name) => {
    const model = nets[name]({ batch: 1, seed: 1 })
    const path = join(folder, `${name}.onnx`)
    writeModelFile(model, path)
    const input = model.graph.inputs[0].name
    const { totals } = profileModel(model, { inputs: new Map([[input, shape]]) })
    return { name, path, input, totals }
  })
}

const widths = [16, 8, 9, 9, 9, 9, 9, 9, 9, 9]
const row = (...cells) => `  ${cells.map((c, i) => (i === 0 ? c.padEnd(widths[0]) : c.padStart(widths[i]))).join(' ')}`

async function race(files, threads, rounds, results) {
  const names = Object.keys(contenders)
  const duel = await openDuel({ ...contenders, ...(threads > 1 ? alone : {}) }, threads)
  let missed = 0
  try {
    const limit = await duel.limit()
    console.log(
      `Whole networks, ${shape.join(' × ')}, float32, ${threadsText(threads)}: ${[...new Set(duel.versions)].join(', ')}; median of ${rounds} rounds`,
    )
    console.log(
      row('network', 'GMAC', ...names.map((n) => `${n} ms`), 'GMAC/s', 'of limit', 'ort-web', 'ort-node', 'differ'),
    )
    for (const { name, path, input, totals } of files) {
      const values = Array.from({ length: shape.reduce((p, d) => p * d, 1) }, () => 2 * Math.random() - 1)
      const times = await duel.measure({ path, input, shape, values }, rounds)
      const difference = worst(await duel.outputs())
      const [ms] = names.map((n) => times[n].ms)
      console.log(
        row(
          name,
          (totals.macs / 1e9).toFixed(2),
          ...names.map((n) => times[n].ms.toFixed(1)),
          (totals.macs / ms / 1e6).toFixed(1),
          `${Math.round((1e5 * totals.macs) / ms / limit)} %`,
          `${times['ort-web'].ratio.toFixed(2)} ×`,
          `${times['ort-node'].ratio.toFixed(2)} ×`,
          difference.toExponential(0),
        ),
      )
      results.push({ network: name, threads, times, difference, limit, macs: totals.macs })
      if (difference > tolerance) {
        missed++
        console.log(`  ${name}: outputs differ by more than ${tolerance}`)
      }
    }
    console.log(
      `  limit of a register-only mul+add loop: ${(limit / 1e9).toFixed(1)} GMAC/s; Winograd's products do fewer, so that networks may exceed it`,
    )
  } finally {
    duel.close()
  }
  for (const r of results.filter((r) => r.threads === threads)) {
    missed += judge(`${r.network} against onnxruntime-web`, r.times['ort-web'].ratio, target)
    if (threads === 2) missed += judge(`${r.network}, two threads against one`, r.times['kerf, 1'].ratio, scaling)
  }
  console.log()
  return missed
}

/** Largest difference of an output from the first contender's, as a part of the largest value. */
function worst(outputs) {
  const [first, ...others] = outputs
  let difference = 0
  first.forEach((values, i) => {
    const size = values.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
    for (const other of others)
      values.forEach((v, k) => {
        // NaN is no agreement.
        const d = Math.abs(v - other[i][k]) / size
        difference = d >= 0 ? Math.max(difference, d) : Number.POSITIVE_INFINITY
      })
  })
  return difference
}

/** Every time a new process, so that nothing is warm but the file system. Memory is the whole process's, Node's own included. */
async function start({ path, input, totals }) {
  const once = fileURLToPath(new URL('start-once.mjs', import.meta.url))
  const args = [path, input, shape.join(',')]
  const ready = []
  for (let i = 0; i < 7; i++) ready.push(await measureProcess(once, [...args, '0']))
  const run = await measureProcess(once, [...args, '5'])
  const readySeconds = median(ready.map((r) => JSON.parse(r.output).readySeconds))
  const whole = median(ready.map((r) => r.seconds))
  const weights = (4 * totals.params) / 2 ** 20
  const activations = JSON.parse(run.output).arena / 2 ** 20
  console.log(`ResNet-50 (${weights.toFixed(0)} MiB of weights) in a process of its own`)
  console.log(`  with Node's start, loading the library and the process's end: ${whole.toFixed(2)} s`)
  return (
    verdict('from the file to ready to run, median of 7', readySeconds, startSeconds, 's') +
    verdict('peak memory, five runs', run.peakMiB, Math.round(2 * weights + activations), 'MiB')
  )
}
