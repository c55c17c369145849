// Convolutions as factors of all ranks: the network gives what it gave, in Kerf and in ONNX Runtime. How far off it is, how long the decomposition takes, and
//
//     npm run bench -- swap [--network resnet18,…] [--to separable,tucker,…] [--json FILE]

import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../scripts/prepare.mjs'
import { benchOptions } from './options.mjs'

const shared = fileURLToPath(new URL('../../shared/models/', import.meta.url))
const kinds = ['separable', 'low-rank', 'low-rank-space', 'tucker']
/** Largest difference between outputs, as a part of the largest value. */
const tolerance = 1e-4

/** @param {string[]} args */
export async function benchmark(args = []) {
  const names = existsSync(shared)
    ? readdirSync(shared).flatMap((file) => (file.endsWith('.onnx') ? [basename(file, '.onnx')] : []))
    : []
  const options = benchOptions(args, { network: names, to: kinds }, { network: names, to: kinds })
  const folder = mkdtempSync(join(tmpdir(), 'kerf-bench-'))
  const results = []
  let missed = 0
  try {
    for (const name of options.network) {
      const made = await run(process.execPath, [join(shared, 'fill-weights.mjs'), folder, name])
      if (made.code !== 0) throw new Error(made.output)
      for (const to of options.to) {
        const result = await exactness(join(folder, `${name}.onnx`), to)
        results.push({ name, to, ...result })
        const { layers, refused, kerf, ort, weightError, seconds } = result
        const isMet = kerf <= tolerance && ort <= tolerance
        const [lost, here, there] = [weightError, kerf, ort].map((error) => error.toExponential(1))
        console.log(
          `  ${`${name} ${to}`.padEnd(34)} ${layers} layers (${refused} stay), ‖W−W′‖ ÷ ‖W‖ ≤ ${lost}, outputs differ by ${here} (Kerf), ${there} (ONNX Runtime), ${seconds.toFixed(1)} s of CPU, target ≤ ${tolerance} ${isMet ? 'met' : 'MISSED'}`,
        )
        missed += isMet ? 0 : 1
        if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`)
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return missed
}

async function exactness(path, to) {
  const { readModelFile, writeModelFile } = await import('../dist/api/files.node.js')
  const { rewriteModel } = await import('../dist/api/rewrite.node.js')
  const { createSession } = await import('../dist/api/runtime.node.js')
  const ort = await import('onnxruntime-node')
  const model = readModelFile(path)
  const before = process.cpuUsage()
  const everything = { text: '*', matches: () => true }
  const found = await rewriteModel(model, to, { layers: everything, target: { energy: 1 } }).catch((error) => {
    if (error.code === 'nothing-to-swap') return { swapped: [], refused: error.details.refused, model }
    throw error
  })
  const { user, system } = process.cpuUsage(before)
  const written = path.replace(/\.onnx$/, `-${to}.onnx`)
  writeModelFile(found.model, written, { force: true })
  const data = Float32Array.from({ length: 3 * 224 * 224 }, (_, i) => Math.sin(i * 12.9898) * 1.5)
  /** @param {string} file */
  const inKerf = async (file) => {
    const read = readModelFile(file)
    const session = await createSession(read, { onNotice: () => {} })
    const { name = '' } = read.graph.inputs.find((i) => !read.graph.initializers.has(i.name)) ?? {}
    const results = await session.run({ [name]: { elementType: 'float32', shape: [1, 3, 224, 224], data } })
    await session.dispose()
    return Object.values(results)[0].data
  }
  /** @param {string} file */
  const inOrt = async (file) => {
    const session = await ort.InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 3 })
    const results = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', data, [1, 3, 224, 224]) })
    await session.release()
    return Object.values(results)[0].data
  }
  const wanted = /** @type {Float32Array} */ (await inOrt(path))
  const most = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  /** @param {ArrayLike<any>} given */
  const differs = (given) => wanted.reduce((worst, value, i) => Math.max(worst, Math.abs(value - given[i]) / most), 0)
  const result = {
    layers: found.swapped.length,
    refused: found.refused.length,
    weightError: found.swapped.reduce((worst, layer) => Math.max(worst, layer.weightError ?? 0), 0),
    kerf: differs(await inKerf(written)),
    ort: differs(await inOrt(written)),
    seconds: (user + system) / 1e6,
  }
  for (const file of readdirSync(join(path, '..')))
    if (file.startsWith(basename(written, '.onnx'))) rmSync(join(path, '..', file))
  return result
}
