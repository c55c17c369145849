// What a partial convolution costs beside its convolution: the layer at 56×56×96, a quarter convolved, against a regular convolution of 24 channels alone,
// between the same 1×1 layers; then what it costs the 1×1 layer behind that its channels lie in two places. In turns, one thread and two.
//
//     npm run bench -- partial [--threads 1,2] [--rounds 15] [--json FILE]

import { writeFileSync } from 'node:fs'
import { benchOptions, threadsText } from './options.mjs'

const size = 56
const channels = 96
const part = 24
/** How many times as long as the regular convolution the partial one may take. */
const target = 1.15
const turnSeconds = 0.15

/** @param {string[]} args */
export async function benchmark(args = []) {
  const options = benchOptions(args, { threads: [1, 2], rounds: 15 })
  const { createSession, hostTensor } = await import('../dist/api/runtime.node.js')
  const networks = await models()
  const input = hostTensor('float32', [1, channels, size, size], new Float32Array(channels * size * size).fill(0.5))
  const results = []
  let missed = 0
  for (const threads of options.threads) {
    const contenders = []
    for (const model of networks) {
      const times = /** @type {ReturnType<typeof layerTimes>[]} */ ([])
      contenders.push({ session: await createSession(model, { threads }), times })
    }
    for (let round = 0; round < options.rounds; round++)
      for (const { session, times } of contenders)
        times.push(layerTimes(await session.profile({ x: input }, turnSeconds)))
    for (const { session } of contenders) await session.dispose()
    const [partial, regular, none] = contenders.map(({ times }) => times)
    const layer = least(partial, 'layer') / least(regular, 'layer')
    const behind = least(partial, 'behind') / least(none, 'behind')
    const [{ copied }] = partial
    const us = (times) => (1000 * least(times, 'layer')).toFixed(0)
    console.log(
      `Partial convolution, ${size}×${size}×${channels}, ${part} convolved, ${threadsText(threads)}: ${us(partial)} µs, regular ${us(regular)} µs, ${copied} bytes copied; the 1×1 layer behind takes ${behind.toFixed(3)} × as long as when all its channels lie together`,
    )
    console.log(
      `  ${layer.toFixed(3)} × the regular convolution of ${part} channels, target ≤ ${target} ${layer <= target ? 'met' : 'MISSED'}`,
    )
    missed += layer <= target ? 0 : 1
    results.push({ threads, layer, behind, copied })
  }
  if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`)
  return missed
}

/** Of the turns' medians: other work on the machine only makes turns longer. */
const least = (times, key) => Math.min(...times.map((time) => time[key]))

/** Per run, in ms: what lies between the 1×1 layers, the second of these, and the bytes that are copied in between. */
function layerTimes({ tasks }) {
  const at = (name) => tasks.findIndex((task) => task.nodes[0] === name)
  const between = tasks.slice(at('before') + 1, at('behind'))
  const sum = (key) => between.reduce((total, task) => total + task[key], 0)
  return { layer: sum('timeMs'), copied: sum('copiedBytes'), behind: tasks[at('behind')].timeMs }
}

/** The layer, a regular convolution, and nothing, between two 1×1 layers. */
async function models() {
  const { GraphBuilder } = await import('../dist/api/graph.js')
  const network = (width, build) => {
    const b = new GraphBuilder('between')
    const weights = (name, shape) => {
      const floats = Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, (_, i) => Math.sin(i) / shape[1])
      const bytes = new Uint8Array(floats.buffer)
      const data = {
        byteLength: bytes.length,
        bytes: (at = 0, length = bytes.length - at) => bytes.subarray(at, at + length),
      }
      return b.constant(name, { elementType: 'float32', shape, data })
    }
    const conv = (x, name, from, to, kernel) =>
      b.node(
        'Conv',
        [x, weights(`${name}.weight`, [to, from, kernel, kernel])],
        { pads: new Array(4).fill(kernel >> 1) },
        { name },
      )
    const before = conv(b.input('x', 'float32', [1, channels, size, size]), 'before', channels, width, 1)
    b.output(conv(build(b, conv, before), 'behind', width, channels, 1))
    return b.model()
  }
  const partial = (b, conv, x) => {
    const outputs = ['first', 'rest']
    b.node('Split', [x, b.ints('sizes', [part, channels - part])], { axis: 1 }, { outputs })
    return b.node('Concat', [conv('first', 'partial', part, part, 3), 'rest'], { axis: 1 })
  }
  return [
    network(channels, partial),
    network(part, (_, conv, x) => conv(x, 'regular', part, part, 3)),
    network(channels, (_, __, x) => x),
  ]
}
