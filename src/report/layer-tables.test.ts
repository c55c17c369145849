import { describe, expect, it } from 'vitest'
import { compareProfiles, profileModel } from '../cost/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../graph/index.ts'
import { blocksJson, blocksOf, blockTable } from './block-table.ts'
import { compareReport } from './compare-report.ts'
import { toCsv } from './csv.ts'
import { graphDrawing } from './graph/drawing.ts'
import { layerNames } from './layer-names.ts'
import { profileCsvTable, profileReport } from './profile-report.ts'
import { toTerminal, widthOf } from './terminal.ts'

const zeros = (shape: readonly number[]) =>
  tensorOf('float32', shape, new Float32Array(shape.reduce((a, b) => a * b, 1)))

/** An inverted bottleneck of 8 → 48 → 8 channels on 16×16, then a grouped convolution and a classifier, named as PyTorch's exporter does. */
function network(): Model {
  const b = new GraphBuilder('net')
  let x = b.input('x', 'float32', [1, 8, 16, 16])
  const conv = (name: string, shape: readonly number[], group = 1, stride = 1) => {
    const pad = shape[2]! >> 1
    const attributes = { group, strides: [stride, stride], pads: [pad, pad, pad, pad] }
    x = b.node('Conv', [x, b.constant(`${name}.weight`, zeros(shape))], attributes, { name })
  }
  conv('/features/features.0/conv/conv.0/Conv', [48, 8, 1, 1])
  x = b.node('Relu', [x], {}, { name: '/features/features.0/relu/Relu' })
  conv('/features/features.0/conv/conv.1/Conv', [48, 1, 3, 3], 48, 2)
  conv('/features/features.0/conv/conv.2/Conv', [8, 48, 1, 1])
  conv('/features/features.1/features.1.0/Conv', [16, 4, 3, 3], 2)
  x = b.node('Flatten', [b.node('GlobalAveragePool', [x], {}, { name: '/pool/GlobalAveragePool' })])
  b.output(b.node('Gemm', [x, b.constant('fc', zeros([10, 16]))], { transB: 1 }, { name: '/classifier/Gemm' }))
  return b.model()
}
const profile = profileModel(network())
// 48·8·256, 48·9·64, 8·48·64, 16·4·9·64, 160
const macs = [98_304, 27_648, 24_576, 36_864, 160]
const total = macs.reduce((a, b) => a + b, 0)

describe('names of layers', () => {
  it('lose what they repeat and the operator', () => {
    const names = layerNames(profile.layers)
    expect(profile.layers.map((l) => names.of(l))).toEqual([
      'features.0/conv.0',
      'features.0/relu',
      'features.0/conv.1',
      'features.0/conv.2',
      'features.1.0',
      'pool',
      'Flatten_0',
      'classifier',
    ])
  })

  it('lose the beginning that all have, said once', () => {
    const layers = profile.layers.filter((l) => l.name.includes('features.0'))
    const names = layerNames(layers)
    expect(names.prefix).toBe('features.0/')
    expect(layers.map((l) => names.of(l))).toEqual(['conv.0', 'relu', 'conv.1', 'conv.2'])
    const text = toTerminal(profileReport({ ...profile, layers }))
    expect(text).toContain('Names are short: the beginning "features.0/", repeated parts and the operator are left out')
    expect(toTerminal(profileReport({ ...profile, layers }, { fullNames: true }))).not.toContain('Names are short')
  })
})

describe('a table of layers at 80 columns', () => {
  const text = toTerminal(profileReport(profile), { width: 80 })
  const rowOf = (name: string) => text.split('\n').find((line) => line.startsWith(`${name} `))

  it('tells kinds of convolution apart, with window, output, parameters and MACs', () => {
    expect(rowOf('features.0/conv.0')).toMatch(/Conv pointwise +1×1 .*1×48×16×16 +384 +98\.3 k/)
    expect(rowOf('features.0/conv.1')).toMatch(/Conv depthwise +3×3 s2 .*1×48×8×8 +432 +27\.6 k/)
    expect(rowOf('features.1.0')).toMatch(/Conv grouped +3×3 g2 .*1×16×8×8 +576 +36\.9 k/)
    expect(text).toContain('Window: kernel, s stride, g groups.')
  })

  it('is no wider', () => {
    expect(Math.max(...text.split('\n').map(widthOf))).toBeLessThanOrEqual(80)
    expect(text).toMatch(/Left out to fit this terminal: .*Writes/)
  })

  it('has windows and kinds in CSV, in columns of their own', () => {
    const [head, , , depthwise] = toCsv(profileCsvTable(profile)).split('\r\n')
    expect(head).toMatch(/,kind,kernel,stride,groups,notCounted$/)
    expect(depthwise).toMatch(/,depthwise,3x3,2x2,48,$/)
  })
})

describe('blocks', () => {
  it('sum their layers, to a depth', () => {
    const table = blockTable(profile, 2)
    expect(table.rows.map((row) => [row[0], row[1], row[3], row[4], row[5]])).toEqual([
      ['features', '5 layers', 384 + 432 + 384 + 576, total - 160, `${((100 * (total - 160)) / total).toFixed(1)} %`],
      ['  0', '4 layers', 384 + 432 + 384, 98_304 + 27_648 + 24_576, '80.3 %'],
      ['  1', 'Conv', 576, 36_864, '19.7 %'],
      ['pool', 'GlobalAveragePool', 0, 0, '0.0 %'],
      ['Flatten_0', 'Flatten', 0, 0, '0.0 %'],
      ['classifier', 'Gemm', 160, 160, '0.1 %'],
    ])
    expect(table.total?.slice(0, 5)).toEqual(['Total', '8 layers', '', 1_936, total])
    expect(blockTable(profile, 1).rows).toHaveLength(4)
  })

  it('are a tree for programs', () => {
    const [features] = blocksJson(blocksOf(profile.layers), 2) as [{ blocks: { name: string; macs: number }[] }]
    expect(features.blocks.map((b) => [b.name, b.macs])).toEqual([
      ['features/0', 150_528],
      ['features/1', 36_864],
    ])
  })

  it('ends where nodes have one name and one operator', () => {
    const b = new GraphBuilder('twins')
    const x = b.node('Relu', [b.input('x', 'float32', [1, 3])], {}, { name: 'a/r', outputs: ['y'] })
    b.output(b.node('Relu', [x], {}, { name: 'a/r', outputs: ['z'] }))
    const twins = profileModel(b.model())
    expect(twins.layers.map((l) => l.name)).toEqual(['a/r', 'a/r'])
    expect(blockTable(twins, 9).rows.map(([name]) => String(name).trim())).toEqual(['r', 'Relu', '1', '2'])
    expect(graphDrawing(twins, { depth: 0 }).boxes).toHaveLength(4)
  })

  it('are said to be none where names have no parts', () => {
    const flat = { ...profile, layers: profile.layers.map((l, i) => ({ ...l, name: `n${i}` })) }
    expect(blockTable(flat, 2).notes).toContain('The names of the layers have no parts that would make blocks.')
    expect(blockTable(profile, 2).notes).not.toContain('The names of the layers have no parts that would make blocks.')
  })

  it('say what is not counted in them', () => {
    const layers = profile.layers.map((l, i) => (i === 0 ? { ...l, macs: null } : l))
    const table = blockTable({ ...profile, layers }, 1)
    expect(table.rows[0]?.[4]).toEqual({ value: total - 160 - 98_304, partial: true })
  })
})

describe('a fused layer', () => {
  it('has the name of its first node, and says how many operators stand in it', () => {
    const fused = profileModel(network(), { fused: true })
    const text = toTerminal(profileReport(fused), { width: 80 })
    expect(text).toMatch(/^features\.0\/conv\.0 +Conv pointwise \+1 +1×1 /m)
    expect(text).toMatch(/^features\.0\/conv\.1 +Conv depthwise \+1 +3×3 s2 +1×8×8×8 /m)
    const strict = profileModel(network(), { fused: true, strictAdds: true })
    expect(toTerminal(compareReport(compareProfiles(fused, strict)))).toMatch(/^features\.0\/conv\.0 +Conv \+1 /m)
  })
})

describe('a comparison', () => {
  it('says that layers are matched by what they are', () => {
    const renamed = {
      ...profile,
      layers: profile.layers.map((l, i) => ({ ...l, name: `n${i}`, params: (l.params ?? 0) + 1 })),
    }
    const text = toTerminal(compareReport(compareProfiles(profile, renamed)))
    expect(text).toContain('8 of them have another name in B, and are matched by what they are.')
    expect(text).not.toContain('no such layer')
  })
})
