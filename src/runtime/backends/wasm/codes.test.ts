// Plans with codes: what becomes of QuantizeLinear, Clip and DequantizeLinear, and what does not.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../base/index.ts'
import {
  analyse,
  editGraph,
  GraphBuilder,
  type GraphEditor,
  type Model,
  type Node,
  type Tensor,
  tensorOf,
} from '../../../graph/index.ts'
import { operators } from '../../../ops/index.ts'
import { makePlan, weightCodes } from '../../../plan/index.ts'
import { quantizeAdderLayers } from '../../../quantize/index.ts'
import { createSession, type HostTensor, hostTensor, hostValues, referenceRun } from '../../index.ts'
import { abilitiesOf, allLowerings } from './lowerings/index.ts'

const wasm = abilitiesOf(await allLowerings())

const random = seededRandom(3)
const floats = (count: number, lo = -2, hi = 2): Float32Array =>
  Float32Array.from({ length: count }, () => Math.round(64 * (lo + (hi - lo) * random.uniform())) / 64)
const domain = 'ai.kerf'

/** Layers by name, on one builder. */
class Net {
  readonly b = new GraphBuilder('net')
  readonly x: string
  constructor(readonly shape: readonly number[]) {
    this.x = this.b.input('x', 'float32', shape)
  }
  #constant(name: string, shape: readonly number[], values: ArrayLike<number>): string {
    return this.b.constant(name, tensorOf('float32', shape, values))
  }
  adder(x: string, name: string, [outChannels, inChannels, ...kernel]: readonly number[], attributes = {}): string {
    const size = [outChannels, inChannels, ...kernel] as number[]
    const w = this.#constant(
      `${name}.w`,
      size,
      floats(
        size.reduce((p, d) => p * d, 1),
        -5,
        5,
      ),
    )
    return this.b.node('AdderConv', [x, w], attributes, { domain, name })
  }
  /** Scales are powers of 2, so that float32 is exact. */
  normal(x: string, name: string, channels: number): string {
    const parameters = [
      this.#constant(
        `${name}.scale`,
        [channels],
        floats(channels).map((v) => (v < 0 ? 1 / 32 : 1 / 64)),
      ),
      this.#constant(`${name}.shift`, [channels], floats(channels, 1, 4)),
      this.#constant(`${name}.mean`, [channels], new Float32Array(channels)),
      this.#constant(`${name}.variance`, [channels], new Float32Array(channels).fill(1)),
    ]
    return this.b.node('BatchNormalization', [x, ...parameters], { epsilon: { kind: 'float', value: 0 } }, { name })
  }
  model(...outputs: string[]): Model {
    for (const name of outputs) this.b.output(name)
    return this.b.model()
  }
}

/** Every adder layer in codes of `bits`, with scales that are powers of 2. */
function quantised(model: Model, bits: number): Model {
  const most = 2 ** bits - 1
  const step = 2 ** (2 - bits)
  const below = Math.floor(most / 4)
  const nodes = model.graph.nodes.filter((n) => n.opType === 'AdderConv')
  const range = { lo: -below * step, hi: (most - below) * step }
  return quantizeAdderLayers(analyse(model, operators), new Map(nodes.map((n) => [n, range])), bits).model
}

/** A residual block between a first and a last layer. */
function residual(): Net & { readonly built: Model } {
  const net = new Net([2, 6, 5, 4])
  const pads = [1, 1, 1, 1]
  const start = net.b.node('Relu', [net.normal(net.adder(net.x, 'start', [8, 6, 3, 3], { pads }), 'bn0', 8)])
  const one = net.b.node('Relu', [net.normal(net.adder(start, 'one', [8, 8, 3, 3], { pads }), 'bn1', 8)])
  const two = net.normal(net.adder(one, 'two', [8, 8, 3, 3], { pads }), 'bn2', 8)
  const sum = net.b.node('Relu', [net.b.node('Add', [two, start])])
  return Object.assign(net, { built: net.model(net.adder(sum, 'end', [3, 8, 1, 1])) })
}

const shapes = (shape: readonly number[]) => new Map([['x', shape]])
const planOf = (model: Model, shape: readonly number[]) => makePlan(model, shapes(shape), wasm)

/** Per task: the kernels, or that the host does it. */
async function tasksOf(model: Model, shape: readonly number[]): Promise<string[]> {
  const session = await createSession(model, { onNotice: () => {} })
  const x = hostTensor('float32', shape, new Float32Array(shape.reduce((p, d) => p * d, 1)))
  const { tasks } = await session.profile({ x }, 0)
  session.dispose()
  return tasks.map((t) =>
    t.kind === 'host'
      ? `host ${t.operators[0]}`
      : `${t.kind === 'convert' ? 'convert ' : ''}${t.kernels.join('+')} ${t.operators.join(' ')}`.trim(),
  )
}

async function agree(model: Model, x: HostTensor): Promise<void> {
  const session = await createSession(model, { onNotice: () => {} })
  const got = await session.run({ x })
  session.dispose()
  for (const [name, want] of referenceRun(model, new Map([['x', x]])))
    expect(Array.from(hostValues(got[name]!)), name).toEqual(Array.from(hostValues(want)))
}

const input = (shape: readonly number[]): HostTensor =>
  hostTensor('float32', shape, floats(shape.reduce((p, d) => p * d, 1)))

describe('a network of quantised adder layers', () => {
  const net = residual()
  const model = quantised(net.built, 6)

  it('stays in bytes where only the next layer reads, and is float32 where it is added', async () => {
    const adder = 'adderU8 ai.kerf.AdderConv'
    expect(await tasksOf(model, net.shape)).toEqual([
      'convert transposeF32',
      'quantiseU8 QuantizeLinear Clip',
      `${adder} BatchNormalization Relu`,
      'quantiseU8 QuantizeLinear Clip',
      `${adder} BatchNormalization Relu QuantizeLinear Clip`,
      `${adder} BatchNormalization Add Relu`,
      'quantiseU8 QuantizeLinear Clip',
      adder,
      'convert transposeF32',
    ])
  })

  it('takes one byte for each code', () => {
    const { offsets, arena } = planOf(model, net.shape)
    const bytes = [...offsets.keys()]
      .filter((b) => b.elementType === 'uint8')
      .map((b) => [b.shape.join(), b.bytes, b.layout])
    expect(bytes).toEqual([
      ['2,6,5,4', 240, 'channelsLast'],
      ['2,8,5,4', 320, 'channelsLast'],
      ['2,8,5,4', 320, 'channelsLast'],
      ['2,8,5,4', 320, 'channelsLast'],
    ])
    expect(arena.bytes).toBeLessThan(planOf(net.built, net.shape).arena.bytes + 640)
  })

  it.each([8, 7, 6, 5, 4, 2])('gives what the reference gives in %i bits, exactly where floats are exact', (bits) =>
    agree(quantised(net.built, bits), input(net.shape)),
  )

  it('with any sizes', async () => {
    const sizes = fc.record({
      groups: fc.integer({ min: 1, max: 3 }),
      inputs: fc.integer({ min: 1, max: 6 }),
      filters: fc.integer({ min: 1, max: 6 }),
      kernel: fc.integer({ min: 1, max: 3 }),
      stride: fc.integer({ min: 1, max: 2 }),
      pad: fc.integer({ min: 0, max: 2 }),
      bits: fc.integer({ min: 2, max: 8 }),
      flat: fc.boolean(),
      relu: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(sizes, async ({ groups, inputs, filters, kernel, stride, pad, bits, flat, relu }) => {
        const axes = flat ? [9] : [6, 7]
        const each = <T>(v: T) => axes.map(() => v)
        const small = new Net([1, groups * inputs, ...axes])
        const window = { group: groups, strides: each(stride), pads: [...each(pad), ...each(pad)] }
        const first = small.adder(small.x, 'first', [groups * filters, inputs, ...each(kernel)], window)
        const normal = small.normal(first, 'bn', groups * filters)
        const second = small.adder(relu ? small.b.node('Relu', [normal]) : normal, 'second', [
          2,
          groups * filters,
          ...each(1),
        ])
        const own = quantised(small.model(second), bits)
        await agree(own, input(small.shape))
        expect(planOf(own, small.shape).onHost).toEqual([])
      }),
      { numRuns: 60 },
    )
  })
})

describe('what is not understood as codes is calculated as it stands', () => {
  const shape = [1, 4, 5, 5]
  type Change = (editor: GraphEditor, node: (opType: string) => Node) => void
  /** One quantised layer, changed. */
  const changed = (change: Change, bits = 6): Model => {
    const net = new Net(shape)
    const model = quantised(net.model(net.adder(net.x, 'layer', [3, 4, 3, 3], { pads: [1, 1, 1, 1] })), bits)
    const editor = editGraph(model)
    change(editor, (opType) => model.graph.nodes.find((n) => n.opType === opType)!)
    return editor.model()
  }
  const reading = (editor: GraphEditor, node: Node, input: number, tensor: Tensor): void => {
    const name = editor.constant('other', tensor)
    editor.rewrite((n) => (n === node ? { ...n, inputs: n.inputs.with(input, name) } : n))
  }
  const scalar = (type: 'float32' | 'uint8', value: number) => tensorOf(type, [], [value])
  const filters = (values: ArrayLike<number>) => tensorOf('float32', [3, 4, 3, 3], values)

  it.each<[string, Change]>([
    [
      'another scale behind than before',
      (editor, node) => reading(editor, node('DequantizeLinear'), 1, scalar('float32', 0.5)),
    ],
    [
      'another zero point behind than before',
      (editor, node) => reading(editor, node('DequantizeLinear'), 2, scalar('uint8', 9)),
    ],
    ['codes bounded from below', (editor, node) => reading(editor, node('Clip'), 1, scalar('uint8', 3))],
    ['a zero point that is cut off', (editor, node) => reading(editor, node('Clip'), 2, scalar('uint8', 5))],
    ['codes that are put out', (editor, node) => editor.output(node('Clip').outputs[0]!)],
    ['a dequantised input that is put out', (editor, node) => editor.output(node('DequantizeLinear').outputs[0]!)],
    [
      'weights between the codes',
      (editor, node) => reading(editor, node('AdderConv'), 1, filters(floats(108).map((v) => v + 1 / 1024))),
    ],
  ])('%s', async (_, change) => {
    const model = changed(change)
    const tasks = await tasksOf(model, shape)
    expect(tasks.some((t) => t.startsWith('adderF32'))).toBe(true)
    await agree(model, input(shape))
  })

  it('and weights of more bits than the input are codes nevertheless', async () => {
    const weights = floats(108, -0.9, 14).map((v) => Math.round(16 * v) / 16)
    const model = changed((editor, node) => reading(editor, node('AdderConv'), 1, filters(weights)))
    expect((await tasksOf(model, shape)).some((t) => t.startsWith('adderU8'))).toBe(true)
    await agree(model, input(shape))
  })
})

describe('weights as codes', () => {
  const own = { scale: Math.fround(0.1), zeroPoint: 3 }
  it('are found where every one is a multiple of the scale within a byte', () => {
    const weights = Float32Array.from([0, 3, 17, 255], (code) => own.scale * (code - 3))
    expect(weightCodes(weights, own)).toEqual(Uint8Array.of(0, 3, 17, 255))
  })
  it.each([[0.05], [own.scale * 253], [-0.4], [Number.NaN], [Infinity]])('are not found with %d', (w) => {
    expect(weightCodes(Float32Array.of(0, w), own)).toBeUndefined()
  })
})
