import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/index.ts'
import { type Layer, profileModel } from '../../cost/index.ts'
import { nets } from '../../nets/index.ts'
import { graphDrawing } from './drawing.ts'
import { graphSvg } from './graph-svg.ts'
import { layeredLayout } from './layered.ts'
import type { Arrow } from './ranks.ts'

/** A network's graph as exporters name it: each node reads one or more before it, mostly near ones. */
function randomArrows(seed: number, count: number): Arrow[] {
  const random = seededRandom(seed)
  return Array.from({ length: count - 1 }, (_, i) => {
    const near = { from: Math.max(0, i - random.below(3)), to: i + 1 }
    return random.below(4) === 0 ? [near, { from: random.below(i + 1), to: i + 1 }] : [near]
  }).flat()
}

const sizesOf = (seed: number, count: number) => {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => ({ width: 40 + random.below(160), height: 30 + random.below(30) }))
}

describe('a layered layout', () => {
  it.each([1, 2, 3, 4, 5, 6])('has no boxes that overlap, and all arrows go down: graph %i', (seed) => {
    const boxes = sizesOf(seed, 60)
    const arrows = randomArrows(seed, 60)
    const layout = layeredLayout(boxes, arrows, { beside: 20, below: 30 })
    for (const [i, a] of layout.boxes.entries()) {
      expect(a.x).toBeGreaterThan(-1e-6)
      expect(a.x + a.width).toBeLessThan(layout.width + 1e-6)
      expect(a.y + a.height).toBeLessThan(layout.height + 1e-6)
      for (const b of layout.boxes.slice(i + 1)) {
        const apart = a.rank === b.rank ? Math.max(a.x, b.x) - Math.min(a.x + a.width, b.x + b.width) : 20
        expect(apart).toBeGreaterThan(20 - 1e-6)
      }
    }
    for (const { from, to } of arrows) {
      const [a, b] = [layout.boxes[from]!, layout.boxes[to]!]
      expect(b.rank).toBeGreaterThan(a.rank)
      expect(b.y).toBeGreaterThanOrEqual(a.y + a.height + 30 - 1e-6)
    }
  })

  it('leads a line from each box to each of its readers, and through no other box', () => {
    const arrows = randomArrows(9, 40)
    const { boxes, lines } = layeredLayout(sizesOf(9, 40), arrows)
    const key = ({ from, to }: Arrow) => `${from} ${to}`
    const ends = lines.flatMap(({ from, to }) => (to === undefined ? [] : [{ from, to }]))
    expect(new Set(ends.map(key))).toEqual(new Set(arrows.map(key)))
    for (const { points } of lines)
      for (const [x, y] of points)
        for (const box of boxes)
          expect(x > box.x && x < box.x + box.width && y > box.y + 1e-6 && y < box.y + box.height - 1e-6).toBe(false)
  })

  it('is the same again; takes no boxes, one, and boxes without arrows', () => {
    const [boxes, arrows] = [sizesOf(3, 50), randomArrows(3, 50)]
    expect(layeredLayout(boxes, arrows)).toEqual(layeredLayout(boxes, arrows))
    expect(layeredLayout([], [])).toEqual({ boxes: [], lines: [], width: 0, height: 0 })
    expect(layeredLayout([{ width: 50, height: 20 }], [])).toMatchObject({ width: 50, height: 20, lines: [] })
    expect(layeredLayout(sizesOf(1, 3), []).boxes.map((b) => b.rank)).toEqual([0, 0, 0])
  })

  it('draws a chain straight, and unties what can be untied', () => {
    const chain = Array.from({ length: 9 }, (_, i) => ({ from: i, to: i + 1 }))
    const straight = layeredLayout(sizesOf(5, 10), chain)
    const middles = straight.boxes.map((b) => b.x + b.width / 2)
    for (const middle of middles) expect(middle).toBeCloseTo(middles[0]!, 6)
    // Two branches whose boxes alternate: 1, 3, 5 and 2, 4, 6 between 0 and 7.
    const branches = [
      [0, 1],
      [0, 2],
      [1, 4],
      [2, 3],
      [4, 5],
      [3, 6],
      [5, 7],
      [6, 7],
    ].map(([from, to]) => ({ from, to })) as Arrow[]
    const { lines } = layeredLayout(
      Array.from({ length: 8 }, () => ({ width: 60, height: 20 })),
      branches,
    )
    const crossed = lines.flatMap((a, i) =>
      lines.slice(i + 1).filter((b) => {
        const [[a1, y1], [a2]] = a.points as [[number, number], [number, number]]
        const [[b1, y2], [b2]] = b.points as [[number, number], [number, number]]
        return y1 === y2 && (a1 - b1) * (a2 - b2) < 0
      }),
    )
    expect(crossed).toEqual([])
  })

  it('takes deep graphs and wide ones', () => {
    const deep = layeredLayout(sizesOf(1, 1000), randomArrows(1, 1000))
    expect(deep.boxes).toHaveLength(1000)
    const wide = Array.from({ length: 500 }, (_, i) => ({ from: 0, to: i + 1 }))
    expect(new Set(layeredLayout(sizesOf(2, 501), wide).boxes.map((b) => b.rank))).toEqual(new Set([0, 1]))
  })
})

const counted = (name: keyof typeof nets) => profileModel(nets[name]())

describe('the drawing of a network', () => {
  it('holds every layer once, with inputs and outputs, in an order in which no arrow goes back', () => {
    for (const name of ['resnet18', 'squeezenet1_1', 'ghostnet', 'fasternet_t0'] as const) {
      const profile = counted(name)
      for (const options of [{}, { depth: 0 }, { depth: 1 }, { depth: 2 }, { most: 20 }]) {
        const { boxes, arrows } = graphDrawing(profile, options)
        const layers = boxes.flatMap((b) => b.layers)
        expect(new Set(layers)).toEqual(new Set(profile.layers))
        expect(layers).toHaveLength(profile.layers.length)
        expect(boxes.filter((b) => b.kind === 'input')).toHaveLength(1)
        expect(boxes.filter((b) => b.kind === 'output')).toHaveLength(1)
        for (const { from, to } of arrows) expect(from).toBeLessThan(to)
        // Everything hangs together.
        const reached = new Set([0])
        for (const { from, to } of arrows.toSorted((a, b) => a.to - b.to)) if (reached.has(from)) reached.add(to)
        expect(reached.size).toBe(boxes.length)
      }
      expect(graphDrawing(profile, { depth: 0 }).boxes.filter((b) => b.kind === 'layer')).toHaveLength(
        profile.layers.length,
      )
    }
  })

  it('says how many elements go along an arrow', () => {
    const { boxes, arrows } = graphDrawing(counted('resnet18'), { depth: 0 })
    const from = boxes.findIndex((b) => b.layers[0]?.op === 'MaxPool')
    expect(arrows.filter((a) => a.from === from).map((a) => a.elements)).toEqual([64 * 56 * 56, 64 * 56 * 56])
  })

  const value = (name: string) => ({ name, shape: [1, 2] })
  const cheap = {
    params: 0,
    nonZeroParams: null,
    macs: 0,
    adds: 0,
    muls: 0,
    others: 0,
    reads: 0,
    writes: 0,
    bytesRead: 0,
    bytesWritten: 0,
  }
  const node = (name: string, reads: string[], macs = 0): Layer => ({
    ...{ ...cheap, name, op: 'Add', macs, inputs: reads.map(value), outputs: [value(`${name}:y`)] },
  })

  it('cuts a block where others run between its layers', () => {
    const layers = [node('a.0', ['x']), node('b.0', ['a.0:y']), node('a.1', ['b.0:y']), node('b.1', ['b.0:y', 'a.1:y'])]
    const { boxes, arrows } = graphDrawing({ layers, inputs: [value('x')] }, { depth: 1 })
    for (const { from, to } of arrows) expect(from).toBeLessThan(to)
    expect(boxes.map((b) => b.name)).toEqual(['x', 'a', 'b', 'a', 'b', 'b.1:y'])
    expect(boxes.map((b) => b.layers.map((l) => l.name))).toEqual([[], ['a.0'], ['b.0'], ['a.1'], ['b.1'], []])
  })

  it('of names without blocks puts cheap layers with the one with MACs in front of them', () => {
    const layers = Array.from({ length: 40 }, (_, i) =>
      node(`n${i}`, [i === 0 ? 'x' : `n${i - 1}:y`], i % 4 === 0 ? 9 : 0),
    )
    const { boxes } = graphDrawing({ layers, inputs: [value('x')] }, { most: 12 })
    expect(boxes.map((b) => b.layers.length)).toEqual([0, ...new Array(10).fill(4), 0])
  })
})

describe('the picture of a network', () => {
  it('has a box for each block, with its part of the whole, and escapes names', () => {
    const profile = { ...counted('resnet18'), model: 'a/b <&> "c".onnx' }
    const svg = graphSvg(profile, { depth: 1 })
    expect(svg).toContain('b &lt;&amp;&gt; &quot;c&quot;.onnx')
    const macs = profile.layers.filter((l) => l.name.startsWith('layer1')).reduce((sum, l) => sum + l.macs!, 0)
    expect(svg).toContain(`${((100 * macs) / profile.totals.macs).toFixed(1)} %`)
    expect(svg).toMatch(/layer1<\/text>.*layers → 1×64×56×56/)
    expect(svg.match(/<g><title>/g)).toHaveLength(graphDrawing(profile, { depth: 1 }).boxes.length)
    expect(svg).not.toContain('NaN')
  })

  it('is coloured by what is asked for', () => {
    const profile = counted('squeezenet1_1')
    const dark = (svg: string) =>
      [...svg.matchAll(/fill="rgb\(23 81 145\)".*?font-weight="600"[^>]*>([^<]*)</g)].map((m) => m[1])
    const darkest = (of: (l: Layer) => number | null) =>
      profile.layers.toSorted((a, b) => of(b)! - of(a)!)[0]!.name.replaceAll('/', '.')
    expect(dark(graphSvg(profile, { depth: 0 }))).toContain(darkest((l) => l.macs))
    expect(dark(graphSvg(profile, { depth: 0, colour: 'params' }))).toContain(darkest((l) => l.params))
    expect(graphSvg(profile, { colour: 'accesses' })).toContain('memory accesses')
  })

  it('takes a network without MACs, and one without layers', () => {
    for (const layers of [[], counted('resnet18').layers.filter((l) => l.op === 'Relu')])
      expect(graphSvg({ model: 'm', layers, inputs: [] })).toContain('no MACs')
  })
})
