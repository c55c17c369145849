import { describe, expect, it } from 'vitest'
import { Polynomial } from '../base/index.ts'
import { evaluateFormulas, formulas, profileModel } from '../cost/index.ts'
import { createSession } from '../runtime/index.ts'
import { type BlockName, type BlockOptions, blockNames, buildBlock } from './blocks.ts'

const totals = (name: BlockName, options: BlockOptions) => profileModel(buildBlock(name, options)).totals

describe('bare blocks of 56×56×96, k = 3', () => {
  const sizes = { H: 56, W: 56, C: 96, k: 3, g: 4, n: 2, t: 6, r: Polynomial.constant(1).over(4) }
  const numbers = new Map(evaluateFormulas(formulas(), sizes).map((n) => [n.formula.key, n.costs]))

  it.each([
    'regular',
    'adder',
    'grouped',
    'depthwise',
    'pointwise',
    ...(['separable', 'separable-branches', 'low-rank', 'low-rank-space', 'tucker', 'grouped-shuffle'] as const),
    ...(['inverted-bottleneck', 'partial', 't-shaped', 'fasternet'] as const),
  ] as const)('%s costs what its formula says', (name) => {
    const { macs, params, adds, muls } = totals(name, { inChannels: 96, bare: true })
    expect({ macs, params, adds, muls }).toEqual(
      (({ macs, params, adds, muls }) => ({ macs, params, adds, muls }))(numbers.get(name) as never),
    )
  })

  it('has the worked example’s numbers', () => {
    expect(totals('inverted-bottleneck', { inChannels: 96, bare: true })).toMatchObject({
      macs: 363_073_536,
      params: 115_776,
      accesses: 7_943_232,
    })
    expect(totals('fasternet', { inChannels: 96, bare: true })).toMatchObject({ macs: 131_862_528, params: 42_048 })
  })
})

describe('blocks', () => {
  it('have BatchNormalization and a residual as published', () => {
    // γ and β of 576, 576 and 96 channels.
    expect(totals('inverted-bottleneck', { inChannels: 96 }).params).toBe(115_776 + 2 * (576 + 576 + 96))
    const ops = (options: BlockOptions) =>
      profileModel(buildBlock('inverted-bottleneck', options)).layers.map((l) => l.op)
    expect(ops({ inChannels: 8 }).at(-1)).toBe('Add')
    expect(ops({ inChannels: 8, outChannels: 16 })).not.toContain('Add')
    expect(ops({ inChannels: 8, stride: 2 })).not.toContain('Add')
  })

  it('are torch.nn.Linear(1024, 512): 1024·512 + 512 parameters', () => {
    expect(totals('linear', { inChannels: 1024, outChannels: 512 })).toMatchObject({ macs: 524_288, params: 524_800 })
    expect(totals('linear', { inChannels: 1024, outChannels: 512, bias: false }).params).toBe(524_288)
  })

  it('run, and make what they say', async () => {
    for (const name of blockNames.filter((b) => b !== 'linear')) {
      const session = await createSession(buildBlock(name, { inChannels: 8, inputSize: 10 }), { backend: 'reference' })
      const data = Float32Array.from({ length: 800 }, (_, i) => Math.sin(i))
      const { output } = await session.run({ input: { elementType: 'float32', shape: [1, 8, 10, 10], data } })
      expect(output?.shape).toEqual([1, 8, 10, 10])
      session.dispose()
    }
  })

  it('say which sizes do not go together', () => {
    expect(() => buildBlock('grouped', { inChannels: 6 })).toThrow('6 input channels do not divide into 4 groups.')
    expect(() => buildBlock('depthwise', { inChannels: 4, outChannels: 6 })).toThrow(
      '6 output channels do not divide into 4 groups.',
    )
    expect(() => buildBlock('partial', { inChannels: 6 })).toThrow('0.25 of 6 channels is not a whole number of them.')
    expect(() => buildBlock('fasternet', { inChannels: 8, stride: 2 })).toThrow('A partial convolution has stride 1')
  })
})
