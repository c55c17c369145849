// What fusing a depthwise convolution and the 1×1 convolution behind it could bring at most: the two by themselves on strips of few lines, whose
// every value stays in the cache, against the two on the whole image. A fused pass would still read its input and write its result from and to where they are.
//
//     npm run bench -- fusing [--threads 1] [--rounds 9] [--lines 8] [--json FILE]

import { writeFileSync } from 'node:fs'
import { benchOptions, threadsText } from './options.mjs'

/**
 * Blocks of MobileNetV1 and V2 (behind the widening): channels, output channels, height and width, of stride 1.
 * @type {[name: string, channels: number, outChannels: number, size: number][]}
 */
const blocks = [
  ['V1 112²', 32, 64, 112],
  ['V1 56²', 128, 128, 56],
  ['V1 28²', 256, 256, 28],
  ['V1 14²', 512, 512, 14],
  ['V2 112²', 32, 16, 112],
  ['V2 56²', 144, 24, 56],
  ['V2 28²', 192, 32, 28],
  ['V2 14²', 576, 96, 14],
]
const target = 1.15
const turnSeconds = 0.1

/** @param {string[]} args */
export async function benchmark(args = []) {
  const options = benchOptions(args, { threads: [1], rounds: 9, lines: 8 })
  const { createSession, hostTensor } = await import('../dist/api/runtime.node.js')
  const results = []
  for (const threads of options.threads) {
    console.log(
      `Depthwise and 1×1, strips of ${options.lines} lines against the whole, per pixel, ${threadsText(threads)}`,
    )
    for (const [name, channels, outChannels, size] of blocks) {
      const heights = [size, Math.min(size, options.lines)]
      const model = await block(channels, outChannels, size)
      const contenders = []
      for (const height of heights) {
        const shape = [1, channels, height, size]
        const x = hostTensor('float32', shape, new Float32Array(channels * height * size).fill(0.5))
        contenders.push({ session: await createSession(model, { threads }), x, times: /** @type {number[]} */ ([]) })
      }
      for (let round = 0; round < options.rounds; round++)
        for (const [i, { session, x, times }] of contenders.entries()) {
          const { tasks } = await session.profile({ x }, turnSeconds)
          const own = tasks.filter(({ nodes }) => nodes[0] === 'depthwise' || nodes[0] === 'pointwise')
          times.push(own.reduce((sum, { timeMs }) => sum + timeMs, 0) / heights[i])
        }
      for (const { session } of contenders) await session.dispose()
      const [whole, strip] = contenders
      // Of the turns' medians: other work on the machine only makes turns longer.
      const most = Math.min(...whole.times) / Math.min(...strip.times)
      results.push({ name, threads, most })
      console.log(`  ${name.padEnd(8)} ${channels} → ${outChannels}: at most ${most.toFixed(3)} × (${target} wanted)`)
    }
  }
  if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`)
  return 0
}

/** A 1×1 convolution, then the two; all with ReLU. */
async function block(channels, outChannels, width) {
  const { GraphBuilder } = await import('../dist/api/graph.js')
  const b = new GraphBuilder('block')
  const conv = (x, name, from, to, kernel, group = 1) => {
    const shape = [to, from / group, kernel, kernel]
    const floats = Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, (_, i) => Math.sin(i) / shape[1])
    const bytes = new Uint8Array(floats.buffer)
    const data = {
      byteLength: bytes.length,
      bytes: (at = 0, length = bytes.length - at) => bytes.subarray(at, at + length),
    }
    const weights = b.constant(`${name}.weight`, { elementType: 'float32', shape, data })
    return b.node('Relu', [b.node('Conv', [x, weights], { pads: new Array(4).fill(kernel >> 1), group }, { name })])
  }
  const before = conv(b.input('x', 'float32', [1, channels, 'H', width]), 'before', channels, channels, 1)
  const depthwise = conv(before, 'depthwise', channels, channels, 3, channels)
  b.output(conv(depthwise, 'pointwise', channels, outChannels, 1))
  return b.model()
}
