import { describe, expect, it } from 'vitest'
import { profileModel } from '../../cost/index.ts'
import { GraphBuilder, tensorOf } from '../../graph/index.ts'
import { pruneModel } from '../../prune/index.ts'
import { hostValues } from '../../runtime/index.ts'
import { backends } from '../../testing/backends.ts'
import { caseArray, caseModel } from '../../testing/cases.ts'
import { oneNode } from '../../testing/one-node.ts'
import { describeShared } from '../../testing/shared.ts'

const opset19 = { opset: 19 }

describe('DeformConv', () => {
  const inputs = [[1, 16, 8, 8], [12, 16, 3, 3], [1, 18, 8, 8], [12]] as const
  const pads = { pads: [1, 1, 1, 1] }

  it('counts the convolution, and what moves its taps', () => {
    const { shapes, cost } = oneNode('DeformConv', [...inputs], pads, opset19)
    expect(shapes).toEqual([[1, 12, 8, 8]])
    // 64 places · 12 outputs · 144 taps. 64 · 144 values read, each of 4 points; 1,152 offsets; 768 biases.
    expect(cost).toEqual({
      macs: 110_592,
      muls: 110_592 + 36_864,
      adds: 110_592 + 768 + 36_864 + 1_152,
      accumulators: 768 + 9_216,
    })
    const masked = oneNode('DeformConv', [...inputs, [1, 9, 8, 8]], pads, opset19)
    expect(masked.cost.muls).toBe(110_592 + 36_864 + 9_216)
  })

  it('refuses what does not fit', () => {
    const refused = (list: Parameters<typeof oneNode>[1], attributes = {}) =>
      expect(() => oneNode('DeformConv', list, { ...pads, ...attributes }, opset19))
    refused([inputs[0], inputs[1], [1, 9, 8, 8]]).toThrow('offsets of shape [1,9,8,8], expected [1,18,8,8]')
    refused([...inputs, [1, 18, 8, 8]]).toThrow('a mask of shape [1,18,8,8], expected [1,9,8,8]')
    refused([...inputs], { offset_group: 5 }).toThrow('16 input channels do not divide into 5 blocks')
  })

  it('is cut as a convolution, its offsets stay whole', async () => {
    const b = new GraphBuilder('deformed', 19)
    const weight = (...shape: number[]) =>
      tensorOf(
        'float32',
        shape,
        Array.from({ length: shape.reduce((p, d) => p * d, 1) }, (_, i) => Math.sin(7 * i + shape.length)),
      )
    const x = b.input('x', 'float32', [1, 2, 5, 5])
    const first = b.node('Conv', [x, b.constant('w1', weight(8, 2, 1, 1))])
    const offsets = b.node('Conv', [first, b.constant('wo', weight(16, 8, 1, 1))])
    const attributes = { offset_group: 2, kernel_shape: [2, 2], pads: [0, 0, 1, 1] }
    const moved = b.node('DeformConv', [first, b.constant('wd', weight(6, 8, 2, 2)), offsets], attributes)
    b.output(b.node('Conv', [moved, b.constant('w2', weight(2, 6, 1, 1))]))
    const { model, masked, refused } = await pruneModel(b.model(), { criterion: 'l1', scope: { ratio: 0.5 } })
    const shape = (name: string) => model.graph.initializers.get(name)?.shape
    expect(['w1', 'wo', 'wd', 'w2'].map(shape)).toEqual([
      [4, 2, 1, 1],
      [16, 4, 1, 1],
      [3, 4, 2, 2],
      [2, 3, 1, 1],
    ])
    expect(refused.map((r) => r.why).join()).toContain('DeformConv reads them as offsets of its taps')
    const feeds = new Map([
      [
        'x',
        { elementType: 'float32', shape: [1, 2, 5, 5], data: Float32Array.from({ length: 50 }, (_, i) => Math.cos(i)) },
      ],
    ] as const)
    const run = backends[0]?.run as (typeof backends)[number]['run']
    const [one, other] = await Promise.all(
      [model, masked].map(async (m) => [...(await run(m as never, feeds)).values()][0]),
    )
    const expected = hostValues(other as never)
    hostValues(one as never).forEach((v, i) => {
      expect(v).toBeCloseTo(expected[i]!, 5)
    })
  })
})

describeShared('a network with DeformConv', () => {
  it('is counted and run', async () => {
    const model = caseModel('reports/62-deformconv')
    const { totals, unsupported } = profileModel(model)
    // 27,648 + 165,888 + 110,592 + 3,072
    expect(totals).toMatchObject({ macs: 307_200, params: 4_828 })
    expect(unsupported).toEqual([])
    const feeds = new Map([['x', caseArray('reports/62-deformconv', 'in.x')]])
    for (const { run } of backends) {
      const [y] = (await run(model, feeds)).values()
      // ONNX Runtime 1.32
      const expected = [-1.017647, -0.624587, -0.664926, -0.14978]
      expected.forEach((v, i) => {
        expect(hostValues(y as never)[i]).toBeCloseTo(v, 5)
      })
    }
  })
})
