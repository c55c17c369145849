// Adder convolutions with the layer shapes of whole networks: floats and codes of 8 to 5 bits against our own float32 convolution and against
// ONNX Runtime's convolutions, float32 and int8, in WebAssembly and native. Batch 1. GMAC/s counts terms.
// `int8` are our own ordinary layers in codes, bytes in and out.
// With more than one thread our own adder layers on one take their turns, too.
// Our own float32 convolution is there twice: the direct kernel, which does as many multiplications as an adder layer has terms and is what the target
// is about, and `conv f32 W`, what networks run: 3×3 layers of stride 1 by Winograd's products, with 16 multiplications for 36. (Adder layers have no such
// identity.)
//
//     npm run bench -- adder [--threads 1,2] [--network vgg16,…] [--rounds 9] [--json FILE]

import { writeFileSync } from 'node:fs'
import { bundleKernels } from './contenders/kerf.mjs'
import { openDuel, timesLonger } from './duel.mjs'
import { isDepthwise, networks as knownNetworks, readLayers } from './layers.mjs'
import { geometricMean, judge } from './measure.mjs'
import { benchOptions, threadsText } from './options.mjs'
import { installPeers } from './peers.mjs'

const contenders = {
  'conv f32': 'kerf.mjs?kernel=direct',
  'conv f32 W': 'kerf.mjs',
  f32: 'adder.mjs?type=f32',
  'u8 8 bits': 'adder.mjs?type=u8&bits=8',
  '7 bits': 'adder.mjs?type=u8&bits=7',
  '6 bits': 'adder.mjs?type=u8&bits=6',
  '5 bits': 'adder.mjs?type=u8&bits=5',
  int8: 'codes.mjs',
  'web f32': 'ort-conv.mjs?runtime=web&type=f32',
  'web int8': 'ort-conv.mjs?runtime=web&type=int8',
  'node f32': 'ort-conv.mjs?runtime=node&type=f32',
  'node int8': 'ort-conv.mjs?runtime=node&type=int8',
}
/**
 * Contender, rival, how many times faster: geometric means over all layers of all networks.
 * @type {[name: string, rival: string, target: number][]}
 */
const targets = [
  ['f32', 'conv f32', 0.95],
  // No target, said for the truth's sake.
  ['f32', 'conv f32 W', 0],
  ['u8 8 bits', 'web f32', 5],
  ['u8 8 bits', 'web int8', 1.6],
  ['int8', 'web int8', 1.5],
  ['u8 8 bits', 'int8', 1],
  ['6 bits', 'web f32', 5],
  ['6 bits', 'node f32', 1.3],
  ['u8 8 bits', 'node int8', 1.2],
]
const networks = ['resnet50', 'vgg16', 'resnet20']
/** Beside them where there are more threads: how many times as long one takes. */
const alone = ['f32', 'u8 8 bits', '6 bits']
const scaling = 1.8

const row = (name, shape, cells) =>
  console.log(`  ${name.padEnd(22)} ${shape.padEnd(22)} ${cells.map((c) => c.padStart(9)).join(' ')}`)

/** @param {string[]} args */
export async function benchmark(args = []) {
  const all = Object.keys(contenders)
  const options = benchOptions(
    args,
    { threads: [1, 2], network: networks, rounds: 7, only: all },
    { network: knownNetworks, only: all },
  )
  const { rounds } = options
  const names = Object.keys(contenders).filter((name) => options.only.includes(name))
  await installPeers()
  await bundleKernels()
  const results = []
  let missed = 0
  for (const threads of options.threads) {
    const single = threads > 1 ? alone.filter((name) => names.includes(name)) : []
    const duel = await openDuel(
      Object.fromEntries([
        ...names.map((name) => [name, contenders[name]]),
        ...single.map((name) => [`${name}, 1`, `${contenders[name]}&threads=1`]),
      ]),
      threads,
    )
    console.log(
      `Adder convolutions, ${threadsText(threads)}: ${[...new Set(duel.versions)].join(', ')}; median of ${rounds} rounds, GMAC/s`,
    )
    const rows = []
    try {
      for (const network of options.network) {
        const { title, layers } = readLayers(network)
        console.log(
          `\n${title}; limit of a register-only mul+add loop: ${((await duel.limit()) / 1e9).toFixed(1)} GMAC/s`,
        )
        row('layer', '', names)
        for (const layer of layers.filter((l) => !isDepthwise(l))) {
          const times = await duel.measure(layer, rounds)
          rows.push({
            ...{ network, threads, layer, ms: Object.fromEntries(names.map((name) => [name, times[name].ms])) },
            alone: Object.fromEntries(single.map((name) => [name, timesLonger(times[`${name}, 1`], times[name])])),
          })
          row(
            `${layer.count} × ${layer.name}`,
            `${layer.inChannels}→${layer.outChannels} ${layer.size}² ${layer.kernel}×${layer.kernel}${layer.stride > 1 ? `/${layer.stride}` : ''}`,
            names.map((name) => (layer.macs / times[name].ms / 1e6).toFixed(1)),
          )
        }
        const those = rows.filter((r) => r.network === network)
        row(
          'geometric mean',
          '',
          names.map((name) => mean(those, ({ layer, ms }) => layer.macs / ms[name] / 1e6).toFixed(1)),
        )
      }
    } finally {
      duel.close()
    }
    console.log()
    for (const [name, rival, target] of targets)
      if (names.includes(name) && names.includes(rival))
        missed += judge(
          `${name} against ${rival}`,
          mean(rows, ({ ms }) => ms[rival] / ms[name]),
          target,
        )
    for (const name of single)
      missed += judge(
        `${name}, ${threads} threads against one`,
        mean(rows, (r) => r.alone[name]),
        threads === 2 ? scaling : 0,
      )
    results.push(...rows)
  }
  if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`)
  return missed
}

/** Geometric mean over layers, each counted as often as it occurs. */
const mean = (rows, value) => geometricMean(rows.map((r) => [value(r), r.layer.count]))
