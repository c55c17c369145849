import { profileModel } from 'kerf'
import { nets } from 'kerf/nets'
import { describe, expect, it } from 'vitest'
import { memoryOf } from './columns.ts'
import { NetworkGraph } from './network-graph.ts'

const graphOf = (name: 'resnet18' | 'mobilenet_v2') => {
  const model = nets[name]()
  const profile = profileModel(model)
  return { profile, graph: new NetworkGraph(model, profile) }
}

describe('the graph of the open model', () => {
  const { profile, graph } = graphOf('resnet18')
  const rowOf = (name: string) => profile.layers.findIndex((l) => l.name === name)

  it('gives every row to one box, whatever is open, and says what is open', () => {
    for (const opening of [{ opened: [] }, { most: 26 }, { all: true }] as const) {
      const { boxes, opened } = graph.picture(opening)
      expect([...boxes.rows].sort((a, b) => a - b)).toEqual(profile.layers.map((_, row) => row))
      expect(boxes.rowStarts.at(-1)).toBe(profile.layers.length)
      expect(graph.picture({ opened }).boxes.paths).toEqual(boxes.paths)
    }
    expect(graph.picture({ opened: ['layer1'] }).boxes.parents.filter((p) => p === 'layer1')).toHaveLength(2)
  })

  it('hands its memory over, each part once', () => {
    const memory = memoryOf(graph.picture({ most: 26 }))
    expect(memory.length).toBeGreaterThan(15)
    expect(new Set(memory).size).toBe(memory.length)
  })

  it('lists blocks and layers as a tree whose layers are all rows', () => {
    const tree = graph.tree()
    expect([...tree.rows].filter((row) => row >= 0).sort((a, b) => a - b)).toEqual(profile.layers.map((_, row) => row))
    const block = tree.paths.indexOf('layer2/0')
    expect([tree.rows[block], tree.counts[block], tree.paths[tree.parents[block]!]]).toEqual([-1, 9, 'layer2'])
    tree.parents.forEach((parent, i) => {
      expect(parent).toBeLessThan(i)
      expect(tree.depths[i]).toBe(parent < 0 ? 0 : tree.depths[parent]! + 1)
    })
    expect(tree.layers.macs.reduce((a, b) => a + b, 0)).toBe(profile.totals.macs)
    expect(tree.layers.accesses.reduce((a, b) => a + b, 0)).toBe(profile.totals.accesses)
  })

  it('tells of a layer what its node says, and why it costs what it costs', () => {
    const { op, attributes, inputs, formulas, weights } = graph.layer(rowOf('conv1'))
    expect(op).toBe('Conv')
    expect(attributes).toContainEqual({ name: 'strides', value: '2, 2' })
    expect(inputs.map((i) => [i.shape, i.type, i.isConstant])).toEqual([
      ['1×3×224×224', 'float32', false],
      ['64×3×7×7', 'float32', true],
    ])
    expect(formulas[0]).toEqual({
      count: 'macs',
      formula: 'H·W·k²·C_in·C_out',
      numbers: '112·112·7²·3·64',
      value: 118013952,
    })
    expect(weights).toEqual([inputs[1]!.name])
  })

  it('says what shrinks with a layer: in ResNet all that shortcuts tie together', () => {
    const { groups } = graph.groups(rowOf('layer1.0.conv2'))
    // The stem and the second convolutions of both blocks make the 64 channels of the first stage.
    const makers = groups.flatMap((g) => g.makers.map((row) => profile.layers[row]!.name))
    expect(makers).toEqual(['conv1', 'layer1.0.conv2', 'layer1.1.conv2'])
    expect(groups[0]!.channels).toBe(64)
    expect(groups[0]!.rows).toContain(rowOf('layer2.0.conv1'))
    expect(groups[0]!.tensors.some((t) => t.startsWith('layer2.0.conv1') && t.includes('axis 1'))).toBe(true)
    // An activation makes none: the group that passes it.
    expect(graph.groups(rowOf('relu')).groups.map((g) => g.name)).toEqual(groups.map((g) => g.name))
    expect(graph.groups(rowOf('fc')).refused.length + graph.groups(rowOf('fc')).groups.length).toBeGreaterThan(0)
  })
})
