// Convolutions of all kinds in plans, alone and with everything that is fused into them, against the scalar reference.

import { describe, expect, it } from 'vitest'
import { elementCount, seededRandom } from '../../../../base/index.ts'
import { type AttributeValue, analyse, float, GraphBuilder, type Model, tensorOf } from '../../../../graph/index.ts'
import { operators } from '../../../../ops/index.ts'
import { createSession, hostTensor, hostValues, referenceRun } from '../../../index.ts'

const seed = 20261125
const random = seededRandom(seed)
const between = (least: number, most: number): number => least + random.below(most - least + 1)
const one = <T>(of: readonly T[]): T => of[random.below(of.length)] as T
const several = (count: number, least: number, most: number): number[] =>
  Array.from({ length: count }, () => between(least, most))
const normal = (shape: readonly number[]): Float32Array =>
  Float32Array.from({ length: elementCount(shape)! }, () => random.normal())

type Attributes = Record<string, AttributeValue>

/** A window over `rank` axes, with paddings of all sorts. */
function window(rank: number, kernel: readonly number[]): Attributes {
  const strides = several(rank, 1, one([3, 3, 6]))
  const dilations = several(rank, 1, 2)
  const common = { kernel_shape: kernel, strides, dilations }
  const reach = kernel.map((k, i) => (k - 1) * dilations[i]!)
  const padding = one(['none', 'pads', 'SAME_UPPER', 'SAME_LOWER', 'VALID'])
  if (padding === 'none') return common
  if (padding !== 'pads') return { ...common, auto_pad: padding }
  return { ...common, pads: [...reach, ...reach].map((r) => between(0, Math.min(r, 3))) }
}

/** x → convolution → BatchNormalization → + another convolution's result → Relu, each of the last three by chance. */
function randomModel(opType: 'Conv' | 'ConvTranspose'): { model: Model; shape: number[]; label: string } {
  const rank = one([1, 2, 2, 2])
  const groups = one([1, 1, 2, 3, 6])
  const depthwise = random.below(4) === 0
  const perGroup = depthwise ? 1 : between(1, 9)
  const outPerGroup = depthwise ? between(1, 2) : between(1, 11)
  const kernel = several(rank, 1, 4)
  const shape = [between(1, 2), groups * perGroup, ...several(rank, 9, 13)]
  const attributes: Attributes = { ...window(rank, kernel), group: groups }
  if (opType === 'ConvTranspose' && random.below(3) === 0)
    attributes.output_padding = (attributes.strides as number[]).map((s) => between(0, s - 1))
  const outChannels = groups * outPerGroup
  const filters = opType === 'Conv' ? [outChannels, perGroup] : [groups * perGroup, outPerGroup]
  const b = new GraphBuilder('net', 17)
  const stored = (name: string, of: readonly number[], values: ArrayLike<number> = normal(of)) =>
    b.constant(name, tensorOf('float32', of, values))
  const convolve = (name: string): string => {
    const inputs = ['x', stored(`${name}.w`, [...filters, ...kernel])]
    if (random.below(2)) inputs.push(stored(`${name}.b`, [outChannels]))
    return b.node(opType, inputs, attributes, { name })
  }
  b.input('x', 'float32', shape)
  let value = convolve('it')
  const behind: string[] = []
  if (random.below(2)) {
    const parameters = ['scale', 'shift', 'mean'].map((name) => stored(name, [outChannels]))
    const variance = stored('variance', [outChannels], normal([outChannels]).map(Math.abs))
    value = b.node('BatchNormalization', [value, ...parameters, variance], { epsilon: float(0.1) })
    behind.push('normalised')
  }
  if (random.below(2)) {
    value = b.node('Add', [value, convolve('other')])
    behind.push('added to')
  }
  if (random.below(2)) {
    value = b.node('Relu', [value])
    behind.push('clamped')
  }
  b.output(value)
  const label = `${JSON.stringify({ shape, filters, ...attributes })} ${behind.join(', ')}`
  return { model: b.model(), shape, label }
}

it.each(['Conv', 'ConvTranspose'] as const)(`%s: 80 layers (seed ${seed})`, async (opType) => {
  for (let round = 0; round < 80; ) {
    const { model, shape, label } = randomModel(opType)
    try {
      analyse(model, operators)
    } catch {
      // A window that does not fit.
      continue
    }
    round++
    const feeds = { x: hostTensor('float32', shape, normal(shape)) }
    const notices: string[] = []
    const session = await createSession(model, { onNotice: (text) => notices.push(text) })
    const got = Object.values(await session.run(feeds))[0]
    session.dispose()
    expect(notices, label).toEqual([])
    const [wanted] = [...referenceRun(model, new Map(Object.entries(feeds))).values()]
    if (!got || !wanted) throw new Error('no output')
    expect(got.shape, label).toEqual(wanted.shape)
    const values = hostValues(got)
    const size = hostValues(wanted).reduce((most, v) => Math.max(most, Math.abs(v)), 1e-3)
    const worst = hostValues(wanted).reduce((most, v, i) => Math.max(most, Math.abs(v - values[i]!)), 0)
    expect(worst / size, label).toBeLessThan(2e-6)
  }
})

describe('windows whose steps exceed what kernels count', () => {
  const cases = {
    stride: { strides: [2 ** 31] },
    'distance of taps': { dilations: [2 ** 33], auto_pad: 'SAME_LOWER' },
  }
  it.each(Object.entries(cases))('are left to the reference: %s', async (_, attributes) => {
    const b = new GraphBuilder('far', 17)
    const x = b.input('x', 'float32', [1, 4, 24])
    const weights = Float32Array.from({ length: 16 }, (_, i) => Math.sin(i))
    b.output(b.node('Conv', [x, b.constant('w', tensorOf('float32', [2, 4, 2], weights))], attributes))
    const model = b.model()
    const given = hostTensor(
      'float32',
      [1, 4, 24],
      Float32Array.from({ length: 96 }, (_, i) => Math.cos(i)),
    )
    const [wanted] = referenceRun(model, new Map([['x', given]])).values()
    await using session = await createSession(model, { onNotice: () => {} })
    const [got] = Object.values(await session.run({ x: given }))
    expect([...(got!.data as Float32Array)]).toEqual([...(wanted!.data as Float32Array)])
  })
})
