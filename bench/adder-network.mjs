// A whole network of adder layers in codes, against the ordinary network of the same shapes: ResNet-20, 3 × 32 × 32. Kerf's adder network in 6, 8
// and 5 bits and in floats, and its ordinary one in floats and whole numbers; the ordinary one in onnxruntime-web and onnxruntime-node, there in whole
// numbers, too. Weights are drawn, statistics and ranges
// measured on noise: time does not depend on what a network has learnt, but for weights whose codes are small (docs/decisions/0014).
//
//     npm run bench -- adder-network [--threads 1,2] [--batch 1,64] [--rounds 15] [--json FILE]

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inProcessorTime, openDuel, timesLonger } from './duel.mjs'
import { judge, median } from './measure.mjs'
import { benchOptions, threadsText } from './options.mjs'
import { installPeers } from './peers.mjs'

const variants = { '6 bits': 6, '8 bits': 8, '5 bits': 5 }
const contenders = {
  ...Object.fromEntries(
    Object.keys(variants).map((name) => [name, `adder-network.mjs?runtime=kerf&variant=${encodeURIComponent(name)}`]),
  ),
  'adder f32': 'adder-network.mjs?runtime=kerf&variant=adder',
  'conv f32': 'adder-network.mjs?runtime=kerf&variant=conv',
  'conv int8': 'adder-network.mjs?runtime=kerf&variant=int8',
  'ort-web': 'adder-network.mjs?runtime=web&variant=conv',
  'ort-node': 'adder-network.mjs?runtime=node&variant=conv',
  'ort int8': 'adder-network.mjs?runtime=node&variant=int8',
}
/** How many times faster the network in 6 and 8 bits should be than the ordinary one elsewhere. */
const targets = {
  '6 bits': { 'ort-web': 3, 'ort-node': 2, 'ort int8': 1.1 },
  '8 bits': { 'ort-node': 2, 'ort int8': 1.1 },
}
const image = [3, 32, 32]
const calibrationImages = 32

/** @param {string[]} args */
export async function benchmark(args = []) {
  const options = benchOptions(args, { threads: [1, 2], batch: [1, 64], rounds: 15 })
  const { rounds } = options
  const names = Object.keys(contenders)
  await installPeers()
  const folder = mkdtempSync(join(tmpdir(), 'kerf-bench-'))
  const results = []
  let missed = 0
  try {
    const paths = await writeNetworks(folder)
    for (const threads of options.threads) {
      const duel = await openDuel(contenders, threads)
      try {
        console.log(
          `ResNet-20, ${image.join(' × ')}, ${threadsText(threads)}: ${[...new Set(duel.versions)].join(', ')}; median of ${rounds} rounds, ms per image, and how many times as long as in 6 bits`,
        )
        console.log(row('batch', ...names))
        for (const batch of options.batch) {
          const times = await duel.measure({ paths, shape: [batch, ...image] }, rounds)
          results.push({ threads, batch, times })
          console.log(row(String(batch), ...names.map((name) => (times[name].ms / batch).toFixed(3))))
          console.log(row('', ...names.map((name) => `${times[name].ratio.toFixed(2)} ×`)))
          console.log(row('cpu', ...names.map((name) => (median(times[name].processor) / batch).toFixed(3))))
        }
      } finally {
        duel.close()
      }
      const timeOf = (one) => (threads === 1 ? inProcessorTime(one) : one)
      // On one thread in processor time, which other work on the machine disturbs less.
      for (const { batch, times } of results.filter((r) => r.threads === threads))
        for (const [name, peers] of Object.entries(targets))
          for (const [peer, target] of Object.entries(peers))
            missed += judge(
              `${name} against ${peer}, batch ${batch}`,
              timesLonger(timeOf(times[peer]), timeOf(times[name])),
              target,
            )
      console.log()
    }
    if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return missed
}

const row = (first, ...cells) => `  ${first.padEnd(6)} ${cells.map((c) => c.padStart(10)).join(' ')}`

/** The ordinary network and the adder one, and both in codes, as files. */
async function writeNetworks(folder) {
  const { adderConvolution, nets } = await import('../dist/api/nets.js')
  const { writeModelFile } = await import('../dist/api/files.node.js')
  const { measureStatistics, quantize, quantizeIntegers } = await import('../dist/api/rewrite.js')
  const { seededRandom } = await import('../dist/api/graph.js')
  const shape = [calibrationImages, ...image]
  const random = seededRandom(1)
  const images = { shape, data: Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, random.normal) }
  const drawn = nets.resnet20({ convolution: adderConvolution })
  const adder = await measureStatistics(drawn, images)
  const models = { conv: nets.resnet20(), adder }
  async function* batches() {
    yield { images: images.data, count: calibrationImages }
  }
  const data = () => ({ shape: image, batchSize: calibrationImages, batches: batches() })
  for (const [name, bits] of Object.entries(variants))
    models[name] = (await quantize(adder, { bits, images: data() })).model
  models.int8 = (await quantizeIntegers(models.conv, { images: data() })).model
  return Object.fromEntries(
    Object.entries(models).map(([name, model], i) => {
      const path = join(folder, `${i}.onnx`)
      writeModelFile(model, path)
      return [name, path]
    }),
  )
}
