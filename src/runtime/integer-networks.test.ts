import { describe, expect, it } from 'vitest'
import { elementCount, seededRandom } from '../base/index.ts'
import { type AttributeValue, float, GraphBuilder, type Model, type Tensor, tensorOf } from '../graph/index.ts'
import { modelBytes } from '../onnx/index.ts'
import { describeOrt, runOrt } from '../testing/ort.ts'
import { createSession, hostTensor, hostValues, referenceRun } from './index.ts'

type CodeType = 'uint8' | 'int8'

/** Networks in ONNX's QDQ form, as `onnxruntime.quantization.quantize_static` and Kerf write it. */
class Quantised {
  readonly builder: GraphBuilder
  readonly #type: CodeType
  readonly #random = seededRandom(11)
  #stored = 0

  constructor(name: string, type: CodeType, opset = 13) {
    this.builder = new GraphBuilder(name, opset)
    this.#type = type
  }

  put(tensor: Tensor): string {
    return this.builder.constant(`c${this.#stored++}`, tensor)
  }

  /** The same number in codes and back. @param zero as if codes had no sign */
  pair(x: string, scale: number, zero: number): string {
    const settings = [
      this.put(tensorOf('float32', [], [scale])),
      this.put(tensorOf(this.#type, [], [this.#type === 'int8' ? zero - 128 : zero])),
    ]
    const codes = this.builder.node('QuantizeLinear', [x, ...settings])
    return this.builder.node('DequantizeLinear', [codes, ...settings])
  }

  /**
   * Stored codes with a scale for each entry of `axis`. They stay within ±64: where a processor lacks VNNI, ONNX Runtime adds pairs of products in 16 bits,
   * which larger weights overflow.
   */
  weights(shape: readonly number[], axis: number, scale: number) {
    const codes = Array.from({ length: elementCount(shape)! }, () => this.#random.below(129) - 64)
    const scales = Float32Array.from({ length: shape[axis]! }, () => scale * (0.5 + this.#random.uniform()))
    const inputs = [
      this.put(tensorOf('int8', shape, codes)),
      this.put(tensorOf('float32', [scales.length], scales)),
      this.put(tensorOf('int8', [scales.length], new Int8Array(scales.length))),
    ]
    return { value: this.builder.node('DequantizeLinear', inputs, { axis }), scales }
  }

  bias(scales: Float32Array, input: number): string {
    const own = scales.map((s) => Math.fround(s * input))
    const inputs = [
      this.put(
        tensorOf(
          'int32',
          [own.length],
          Array.from(own, () => this.#random.below(4001) - 2000),
        ),
      ),
      this.put(tensorOf('float32', [own.length], own)),
      this.put(tensorOf('int32', [own.length], new Int32Array(own.length))),
    ]
    return this.builder.node('DequantizeLinear', inputs, { axis: 0 })
  }

  /** @param input scale of x */
  conv(x: string, input: number, shape: readonly number[], attributes: Record<string, AttributeValue> = {}): string {
    const { value, scales } = this.weights(shape, 0, 0.02)
    return this.builder.node('Conv', [x, value, this.bias(scales, input)], attributes)
  }
}

interface Case {
  readonly name: string
  readonly shape: readonly number[]
  readonly build: (q: Quantised, x: string) => string
  /** Kernels that must be among those that run. */
  readonly kernels: readonly string[]
}

const image = [2, 3, 12, 11]
const padded = { pads: [1, 1, 1, 1] }

const cases: readonly Case[] = [
  {
    name: 'convolutions, one behind the other',
    shape: image,
    build: (q, x) => {
      const a = q.pair(q.builder.node('Relu', [q.conv(q.pair(x, 0.02, 128), 0.02, [8, 3, 3, 3], padded)]), 0.03, 0)
      const b = q.pair(q.conv(a, 0.03, [13, 8, 1, 1]), 0.05, 120)
      const low = q.put(tensorOf('float32', [], [-1]))
      const high = q.put(tensorOf('float32', [], [3]))
      const c = q.builder.node('Clip', [q.conv(b, 0.05, [9, 13, 3, 3], { ...padded, strides: [2, 2] }), low, high])
      return q.pair(c, 0.04, 60)
    },
    kernels: ['quantiseU8', 'conv', 'dequantiseU8'],
  },
  {
    name: 'residual blocks, pooling, a linear layer',
    shape: image,
    build: (q, x) => {
      const { builder: b } = q
      const a = q.pair(b.node('Relu', [q.conv(q.pair(x, 0.02, 128), 0.02, [16, 3, 3, 3], padded)]), 0.03, 0)
      const pooled = q.pair(
        b.node('MaxPool', [a], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
        0.03,
        0,
      )
      const branch = q.pair(q.conv(pooled, 0.03, [16, 16, 3, 3], padded), 0.11, 131)
      const sum = q.pair(b.node('Relu', [b.node('Add', [branch, pooled])]), 0.07, 7)
      const mean = q.pair(b.node('GlobalAveragePool', [sum]), 0.02, 10)
      const flat = q.pair(b.node('Flatten', [mean]), 0.02, 10)
      const { value, scales } = q.weights([20, 16], 0, 0.02)
      return q.pair(b.node('Gemm', [flat, value, q.bias(scales, 0.02)], { transB: 1 }), 0.03, 140)
    },
    kernels: ['combineU8', 'poolU8', 'conv'],
  },
  {
    name: 'depthwise layers, functions, concatenation',
    shape: image,
    build: (q, x) => {
      const { builder: b } = q
      const a = q.pair(q.conv(q.pair(x, 0.02, 128), 0.02, [20, 3, 1, 1]), 0.03, 120)
      const first = q.pair(q.conv(a, 0.03, [20, 1, 3, 3], { ...padded, group: 20, strides: [2, 2] }), 0.04, 99)
      const second = q.pair(
        q.conv(a, 0.03, [20, 1, 5, 5], { pads: [2, 2, 2, 2], group: 20, strides: [2, 2] }),
        0.06,
        131,
      )
      const bent = q.pair(b.node('LeakyRelu', [second], { alpha: float(0.1371) }), 0.04, 99)
      const joined = q.pair(b.node('Concat', [first, bent, second], { axis: 1 }), 0.04, 99)
      return q.pair(b.node('AveragePool', [joined], { kernel_shape: [3, 2], pads: [1, 0, 1, 1] }), 0.03, 110)
    },
    kernels: ['depthwiseU8', 'mapU8', 'poolU8', 'conv'],
  },
  {
    name: 'Sigmoid',
    shape: image,
    build: (q, x) =>
      q.pair(
        q.builder.node('Sigmoid', [q.pair(q.conv(q.pair(x, 0.02, 128), 0.02, [9, 3, 1, 1]), 0.03, 120)]),
        1 / 256,
        0,
      ),
    kernels: ['mapU8', 'conv'],
  },
  {
    name: 'products with matrices',
    shape: [2, 5, 24],
    build: (q, x) => {
      const { builder: b } = q
      const first = b.node('MatMul', [q.pair(x, 0.02, 128), q.weights([24, 33], 1, 0.02).value])
      const a = q.pair(first, 0.05, 130)
      return q.pair(b.node('MatMul', [a, q.weights([33, 9], 1, 0.02).value]), 0.07, 120)
    },
    kernels: ['conv'],
  },
]

function modelOf({ name, shape, build }: Case, type: CodeType): Model {
  const q = new Quantised(name, type)
  q.builder.output(build(q, q.builder.input('x', 'float32', shape)))
  return q.builder.model()
}

async function run(model: Model, shape: readonly number[]) {
  const x = Float32Array.from(
    { length: elementCount(shape)! },
    (
      (random) => () =>
        random.normal()
    )(seededRandom(5)),
  )
  const session = await createSession(model, { onNotice: (text) => expect(text).toBe('') })
  const received = await session.run({ x: hostTensor('float32', shape, x) })
  const { tasks } = await session.profile({ x: hostTensor('float32', shape, x) }, 0)
  const expected = await runOrt(modelBytes(model), { x: { type: 'float32', dims: [...shape], data: x } })
  await session.dispose()
  const [name = ''] = Object.keys(received)
  return {
    kernels: tasks.flatMap(({ kernels }) => kernels),
    own: Array.from(hostValues(received[name] as never)),
    wanted: Array.from(expected[name]!.data as Float32Array),
  }
}

describeOrt('networks between DequantizeLinear and QuantizeLinear run on codes', () => {
  for (const type of ['uint8', 'int8'] as const)
    it.each(cases)(`$name, ${type}`, async (c) => {
      const { kernels, own, wanted } = await run(modelOf(c, type), c.shape)
      expect(kernels.filter((k) => k.endsWith('F32') && k !== 'transposeF32')).toEqual([])
      for (const kernel of c.kernels) expect(kernels.some((k) => k.startsWith(kernel))).toBe(true)
      const steps = [...new Set(wanted)].sort((a, b) => a - b)
      expect(steps.length).toBeGreaterThan(10)
      const step = Math.min(...steps.slice(1).map((v, i) => v - steps[i]!))
      const most = Math.max(...wanted.map((v, i) => Math.abs(v - own[i]!)))
      expect(most).toBeLessThanOrEqual(1.001 * step)
      // What is equal for almost all is no accident.
      expect(wanted.filter((v, i) => Math.abs(v - own[i]!) > 0.5 * step).length).toBeLessThan(0.02 * wanted.length)
    })
})

describe('what does not stand between codes is calculated in floating point', () => {
  const settings = (q: Quantised, scale: number, zero: number) => [
    q.put(tensorOf('float32', [], [scale])),
    q.put(tensorOf('uint8', [], [zero])),
  ]
  const others: Record<string, (q: Quantised, x: string) => string | readonly string[]> = {
    'a result that is read twice': (q, x) => {
      const sum = q.conv(q.pair(x, 0.02, 128), 0.02, [8, 3, 3, 3], padded)
      return [q.pair(sum, 0.03, 120), sum]
    },
    'a result that is not rounded': (q, x) => q.conv(q.pair(x, 0.02, 128), 0.02, [8, 3, 3, 3], padded),
    'an input that is not rounded': (q, x) => q.pair(q.conv(x, 0.02, [8, 3, 3, 3], padded), 0.03, 120),
    'a bias of another scale': (q, x) => {
      const { value, scales } = q.weights([8, 3, 3, 3], 0, 0.02)
      return q.pair(q.builder.node('Conv', [q.pair(x, 0.02, 128), value, q.bias(scales, 0.021)], padded), 0.03, 120)
    },
    'scales of a value for each of its channels': (q, x) => {
      const scales = [
        q.put(tensorOf('float32', [3], [0.02, 0.03, 0.04])),
        q.put(tensorOf('uint8', [3], [128, 127, 126])),
      ]
      const codes = q.builder.node('QuantizeLinear', [x, ...scales])
      const rounded = q.builder.node('DequantizeLinear', [codes, ...scales])
      return q.pair(q.conv(rounded, 0.02, [8, 3, 3, 3], padded), 0.03, 120)
    },
    'weights with scales along another axis': (q, x) => {
      const { value } = q.weights([8, 3, 3, 3], 1, 0.02)
      return q.pair(q.builder.node('Conv', [q.pair(x, 0.02, 128), value], padded), 0.03, 120)
    },
    'bounds that Clip does not set for codes yet': (q, x) => {
      const codes = q.put(
        tensorOf(
          'int8',
          [8, 3, 3, 3],
          Int8Array.from({ length: 216 }, (_, i) => (i * 37) % 101),
        ),
      )
      const [scale, zero] = [q.put(tensorOf('float32', [], [0.01])), q.put(tensorOf('int8', [], [50]))]
      const weights = q.builder.node('DequantizeLinear', [codes, scale, zero])
      const sums = q.builder.node('Conv', [q.pair(x, 0.02, 128), weights], padded)
      return q.pair(q.builder.node('Clip', [sums], { min: float(-0.5), max: float(1) }), 0.03, 120)
    },
    'codes that are put out': (q, x) => {
      const own = settings(q, 0.02, 128)
      const codes = q.builder.node('QuantizeLinear', [x, ...own])
      const y = q.conv(q.builder.node('DequantizeLinear', [codes, ...own]), 0.02, [8, 3, 3, 3], padded)
      return [y, codes]
    },
  }

  it.each(Object.entries(others))('%s', async (name, build) => {
    const q = new Quantised(name, 'uint8', name.startsWith('bounds') ? 10 : 13)
    const made = build(q, q.builder.input('x', 'float32', image))
    for (const output of typeof made === 'string' ? [made] : made) q.builder.output(output)
    const model = q.builder.model()
    const random = seededRandom(5)
    const x = hostTensor('float32', image, Float32Array.from({ length: elementCount(image)! }, random.normal))
    const session = await createSession(model, { native: false })
    const received = await session.run({ x })
    const { tasks } = await session.profile({ x }, 0)
    await session.dispose()
    expect(tasks.some(({ kernels }) => kernels.some((k) => /^(conv|winograd)F32$/.test(k)))).toBe(true)
    for (const [output, wanted] of referenceRun(model, new Map([['x', x]]))) {
      const [own, exact] = [hostValues(received[output] as never), hostValues(wanted)]
      // A sum that is rounded may fall to the next code.
      const apart = exact.map((v, i) => Math.abs(v - own[i]!))
      expect(Math.max(...apart)).toBeLessThanOrEqual(0.0301)
      expect(apart.filter((d) => d > 1e-4).length).toBeLessThan(0.01 * exact.length)
    }
  })
})
