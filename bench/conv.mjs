// Single convolution layers of whole networks, against onnxruntime-web and tfjs: float32, batch 1, one thread and two; with more than one thread, Kerf on
// one takes its turns too.
//
//     npm run bench -- conv [--threads 1,2] [--network vgg16,…] [--rounds 9] [--json FILE]

import { writeFileSync } from 'node:fs'
import { bundleKernels } from './contenders/kerf.mjs'
import { openDuel } from './duel.mjs'
import { isDepthwise, networks, readLayers } from './layers.mjs'
import { geometricMean, judge } from './measure.mjs'
import { benchOptions, threadsText } from './options.mjs'
import { installPeers } from './peers.mjs'

const contenders = { kerf: 'kerf.mjs', 'ort-web': 'ort-conv.mjs?runtime=web&type=f32', tfjs: 'tfjs.mjs' }
/** Beside them where there are more threads. */
const alone = { 'kerf, 1': 'kerf.mjs?threads=1' }

/** How many times faster than each peer, as a geometric mean over a network's layers. */
const targets = { dense: { 'ort-web': 1.4, tfjs: 1.25 }, depthwise: { 'ort-web': 1.2, tfjs: 1.2 } }
/** Layers of at least this many MACs should reach `shareOfLimit` of the register-only loop. */
const largeMacs = 1e8
const shareOfLimit = 0.75
const scaling = 1.8

/** What a contender takes beside the layer itself is measured and subtracted; of a tiny layer nothing may be left of it. */
const measurable = ([ratio]) => ratio > 0
const timesText = (ratio) => (ratio > 0 ? `${ratio.toFixed(2)} ×` : '–')

/** Of pairs of value and weight; those that could not be measured are left out, and said to be. */
function measuredMean(all) {
  const pairs = all.filter(measurable)
  if (pairs.length < all.length)
    console.log(
      `  (${all.length - pairs.length} of ${all.length} layers too small to be measured: left out of the next mean)`,
    )
  return geometricMean(pairs)
}

/** @param {string[]} args */
export async function benchmark(args = []) {
  const options = benchOptions(args, { threads: [1, 2], network: networks, rounds: 9 }, { network: networks })
  const { rounds } = options
  await installPeers()
  await bundleKernels()

  const results = []
  let missed = 0
  for (const threads of options.threads) {
    const duel = await openDuel({ ...contenders, ...(threads > 1 ? alone : {}) }, threads)
    console.log(
      `Convolution layers, float32, ${threadsText(threads)}: ${duel.versions.join(', ')}; median of ${rounds} rounds`,
    )
    try {
      for (const network of options.network) {
        const { title, layers } = readLayers(network)
        const rows = []
        const before = await duel.limit()
        console.log(`\n${title}`)
        console.log(row('layer', '×', 'shape', 'MMAC', 'GMAC/s', 'GB/s', 'of limit', 'ort-web', 'tfjs'))
        for (const layer of layers) {
          const times = await duel.measure(layer, rounds)
          const entry = {
            ...{ network, threads, layer, ms: times.kerf.ms },
            gmacs: layer.macs / times.kerf.ms / 1e6,
            gbs: layer.bytes / times.kerf.ms / 1e6,
            share: (1000 * layer.macs) / times.kerf.ms / before,
            alone: times['kerf, 1']?.ratio,
            peers: Object.fromEntries(
              Object.keys(targets.dense).map((name) => [name, { ms: times[name].ms, ratio: times[name].ratio }]),
            ),
          }
          rows.push(entry)
          console.log(
            row(
              layer.name,
              String(layer.count),
              `${layer.inChannels}→${layer.outChannels} ${layer.size}² ${layer.kernel}×${layer.kernel}${layer.stride > 1 ? `/${layer.stride}` : ''}${isDepthwise(layer) ? ' dw' : ''}`,
              (layer.macs / 1e6).toFixed(1),
              entry.gmacs.toFixed(1),
              entry.gbs.toFixed(1),
              `${Math.round(100 * entry.share)} %`,
              timesText(entry.peers['ort-web'].ratio),
              timesText(entry.peers.tfjs.ratio),
            ),
          )
        }
        const limit = Math.max(before, await duel.limit())
        console.log(`  limit of a register-only mul+add loop: ${(limit / 1e9).toFixed(1)} GMAC/s`)
        console.log('  (3×3 layers of stride 1 do 16 multiplications for 36 MACs: they may go beyond it)')
        for (const [kind, wanted] of Object.entries(targets)) {
          const those = rows.filter(({ layer }) => isDepthwise(layer) === (kind === 'depthwise'))
          if (those.length === 0) continue
          for (const [peer, target] of Object.entries(wanted))
            missed += judge(
              `${kind === 'depthwise' ? 'depthwise' : 'convolutions'} against ${peer}, geometric mean`,
              measuredMean(those.map((r) => [r.peers[peer].ratio, r.layer.count])),
              target,
            )
        }
        const large = rows.filter(({ layer }) => !isDepthwise(layer) && layer.macs >= largeMacs)
        if (large.length > 0)
          missed += judge(
            `share of the limit, layers from ${largeMacs / 1e6} MMAC, geometric mean`,
            measuredMean(large.map((r) => [(1000 * r.layer.macs) / r.ms / limit, r.layer.count])),
            shareOfLimit,
          )
        if (threads === 2)
          missed += judge(
            'two threads against one, geometric mean',
            measuredMean(rows.map((r) => [r.alone, r.layer.count])),
            scaling,
          )
        results.push(...rows.map((r) => ({ ...r, limit })))
      }
    } finally {
      duel.close()
    }
    console.log()
  }
  if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`)
  return missed
}

const widths = [24, 3, 26, 8, 8, 7, 9, 9, 9]
const row = (...cells) =>
  `  ${cells.map((c, i) => (i === 0 || i === 2 ? c.padEnd(widths[i]) : c.padStart(widths[i]))).join(' ')}`
