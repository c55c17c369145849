import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/index.ts'
import { type Layer, profileModel } from '../../cost/index.ts'
import { nets } from '../../nets/index.ts'
import { graphDrawing } from './drawing.ts'
import { nameWithin } from './fold.ts'
import { graphSvg } from './graph-svg.ts'
import { layeredLayout } from './layered.ts'
import { graphPicture } from './picture.ts'
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

describe('colours by what was measured', () => {
  it('tell its unit', () => {
    const profile = profileModel(nets.lenet5_bn())
    expect(graphSvg(profile, { colour: { title: 'time', unit: 'ms', of: () => 1.5 } })).toMatch(/% · \d+(\.\d+)? ms</)
  })
})

describe('names inside a block', () => {
  it.each([
    ['layer1/0/conv1', 'layer1/0', 'conv1'],
    ['layer1/0', 'layer1', 'layer1.0'],
    // As its neighbour without parts of its own: `features.0`.
    ['features/1/conv', 'features', 'features.1.conv'],
    ['features/1/conv', '', 'features.1.conv'],
    ['0', '', '0'],
  ])('%s in “%s”: %s', (path, around, name) => {
    expect(nameWithin(path, around)).toBe(name)
  })
})

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

  it('cuts a block where others run between its layers', () => {
    const layers = [node('a.0', ['x']), node('b.0', ['a.0:y']), node('a.1', ['b.0:y']), node('b.1', ['b.0:y', 'a.1:y'])]
    const { boxes, arrows } = graphDrawing({ layers, inputs: [value('x')] }, { depth: 1 })
    for (const { from, to } of arrows) expect(from).toBeLessThan(to)
    expect(boxes.map((b) => b.name)).toEqual(['x', 'a', 'b', 'a', 'b', 'b.1:y'])
    expect(boxes.map((b) => b.layers.map((l) => l.name))).toEqual([[], ['a.0'], ['b.0'], ['a.1'], ['b.1'], []])
  })

  it('of names without blocks puts cheap layers with the one with MACs in front of them', () => {
    const layers = Array.from({ length: 60 }, (_, i) => ({
      ...node(`n${i}`, [i === 0 ? 'x' : `n${i - 1}:y`], i % 4 === 0 ? 9 + i : 0),
      others: i % 4,
    }))
    const { boxes } = graphDrawing({ layers, inputs: [value('x')] }, { most: 20 })
    expect(boxes.map((b) => b.layers.length)).toEqual([0, ...new Array(15).fill(4), 0])
  })
})

describe('folding', () => {
  const flat = (name: keyof typeof nets) => {
    const { layers, inputs } = counted(name)
    return { inputs, layers: layers.map((l, i): Layer => ({ ...l, name: `${l.op}_${i}` })) }
  }
  const boxNames = (boxes: readonly { name: string; times: number }[]) =>
    boxes.map((b) => (b.times > 1 ? `${b.times} × ${b.name}` : b.name))

  it('opens just the blocks that are given, and knows where boxes lie', () => {
    const profile = counted('resnet18')
    const closed = graphDrawing(profile, { opened: new Set() }).boxes
    expect(closed.map((b) => b.name).filter((n) => n.startsWith('layer'))).toEqual([
      'layer1',
      'layer2',
      'layer3',
      'layer4',
    ])
    const { boxes } = graphDrawing(profile, { opened: new Set(['layer2', 'layer2/0', 'layer3/0']) })
    const inside = boxes.filter((b) => b.inside.length > 0)
    expect(new Set(inside.map((b) => b.inside.join()))).toEqual(new Set(['layer2', 'layer2,layer2/0']))
    // layer3 is closed, whatever is open in it.
    expect(boxes.filter((b) => b.path.startsWith('layer3'))).toHaveLength(1)
    expect(boxes.flatMap((b) => b.layers)).toHaveLength(profile.layers.length)
  })

  it('finds what comes again where names make no blocks: the stages of ResNet-50', () => {
    // He et al. 2015, table 1: 3, 4, 6 and 3 bottlenecks, the first of each stage with a convolution of its own in the shortcut.
    const { boxes } = graphDrawing(flat('resnet50'), { depth: 1 })
    const stages = boxes.filter((b) => b.times > 1)
    expect(stages.map((b) => b.times)).toEqual([2, 3, 5, 2])
    for (const { layers, times } of stages) expect(layers).toHaveLength(10 * times)
    for (const { layers } of stages) expect([layers[0]!.op, layers.at(-1)!.op]).toEqual(['Conv', 'Relu'])
    const opened = graphDrawing(flat('resnet50'), { opened: new Set([stages[2]!.path]) }).boxes
    expect(opened.filter((b) => b.inside.length > 0).map((b) => b.layers.length)).toEqual([10, 10, 10, 10, 10])
  })

  it('of other networks, too: inverted bottlenecks of MobileNetV2, whatever the seed of names', () => {
    // Sandler et al. 2018, table 2: n = 2, 3, 4, 3, 3 blocks, of which all but the first are alike; n = 2 leaves one.
    const { boxes } = graphDrawing(flat('mobilenet_v2'), { depth: 1 })
    expect(boxes.filter((b) => b.times > 1).map((b) => b.times)).toEqual([2, 3, 2, 2])
  })

  it('keeps paths apart, and every layer once, however deep it is opened', () => {
    for (const name of ['resnet50', 'ghostnet', 'fasternet_t0'] as const)
      for (const profile of [counted(name), flat(name)])
        for (const depth of [1, 2, 3, 4]) {
          const { boxes } = graphDrawing(profile, { depth })
          expect(new Set(boxes.map((b) => b.path)).size).toBe(boxes.length)
          expect(new Set(boxes.flatMap((b) => b.layers))).toEqual(new Set(profile.layers))
        }
  })

  it('cuts long lists into stretches, so that a person sees few boxes of 10,000', () => {
    const random = seededRandom(4)
    const layers = Array.from({ length: 10_000 }, (_, i) => {
      const reads = i === 0 ? ['x'] : [`n${i - 1}:y`, ...(random.below(3) === 0 ? [`n${random.below(i)}:y`] : [])]
      return node(`n${i}`, [...new Set(reads)], random.below(4) === 0 ? 1 + random.below(1000) : 0)
    })
    const profile = { layers, inputs: [value('x')] }
    const { boxes } = graphDrawing(profile)
    expect(boxes.length).toBeLessThan(120)
    expect(boxNames(boxes)).toHaveLength(new Set(boxNames(boxes)).size)
    expect(graphDrawing(profile, { depth: 0 }).boxes.filter((b) => b.kind === 'layer')).toHaveLength(10_000)
  })
})

describe('the picture of a network', () => {
  it('frames what opened blocks hold, and nothing else', () => {
    const { boxes, frames, width, height } = graphPicture(counted('resnet18'), {
      opened: new Set(['layer1', 'layer1/0', 'layer2']),
    })
    expect(frames.map((f) => [f.path, f.depth])).toEqual([
      ['layer1', 0],
      ['layer2', 0],
      ['layer1/0', 1],
    ])
    for (const frame of frames) {
      expect(Math.min(frame.x, frame.y)).toBeGreaterThanOrEqual(0)
      expect([frame.x + frame.width <= width, frame.y + frame.height <= height]).toEqual([true, true])
      for (const box of boxes) {
        const isWithin = box.x > frame.x && box.x + box.width < frame.x + frame.width
        const isBeside = box.y + box.height < frame.y || box.y > frame.y + frame.height
        expect([box.path, isWithin && !isBeside]).toEqual([box.path, box.inside.includes(frame.path)])
      }
    }
    expect(boxes.filter((b) => b.inside.includes('layer1/0')).map((b) => b.title)).toContain('conv1')
  })

  it('has lines from each box to its readers, at the boxes themselves', () => {
    const { boxes, arrows, lines } = graphPicture(counted('squeezenet1_1'), { depth: 2 })
    for (const { from, to, isStart, points } of lines) {
      const [[x, y], end] = [points[0]!, points.at(-1)!]
      if (isStart) expect(y).toBeCloseTo(boxes[from]!.y + boxes[from]!.height, 6)
      if (isStart) expect(x).toBeCloseTo(boxes[from]!.x + boxes[from]!.width / 2, 6)
      if (to !== undefined) expect(end[1]).toBeCloseTo(boxes[to]!.y, 6)
    }
    const ends = lines.flatMap(({ from, to, elements }) => (to === undefined ? [] : [`${from} ${to} ${elements}`]))
    expect(ends.sort()).toEqual(arrows.map((a) => `${a.from} ${a.to} ${a.elements}`).sort())
  })

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

  it('says what it is asked to, in boxes that are wide enough', () => {
    const said = 'as many letters as a box of its own text has no room for, only in one of both'
    const profile = counted('squeezenet1_1')
    const usual = graphPicture(profile, { depth: 1 })
    const { boxes } = graphPicture(profile, { depth: 1, textOf: ({ kind }) => (kind === 'block' ? said : undefined) })
    const blocks = boxes.filter(({ kind }) => kind === 'block')
    expect(new Set(blocks.map(({ text }) => text))).toEqual(new Set([said]))
    for (const { width } of blocks) expect(width).toBeGreaterThan(6 * said.length)
    const others = (some: typeof boxes) =>
      some.flatMap(({ kind, text, width }) => (kind === 'block' ? [] : [[text, width]]))
    expect(others(boxes)).toEqual(others(usual.boxes))
  })

  it('is coloured by what is asked for', () => {
    const profile = counted('squeezenet1_1')
    const dark = (svg: string) =>
      [...svg.matchAll(/fill="rgb\(23 81 145\)".*?font-weight="600"[^>]*>([^<]*)</g)].map((m) => m[1])
    const darkest = (of: (l: Layer) => number | null) =>
      profile.layers.toSorted((a, b) => of(b)! - of(a)!)[0]!.name.replaceAll('/', '.')
    const isDark = (svg: string, name: string) => dark(svg).some((title) => name.endsWith(title!))
    expect(
      isDark(
        graphSvg(profile, { depth: 0 }),
        darkest((l) => l.macs),
      ),
    ).toBe(true)
    expect(
      isDark(
        graphSvg(profile, { depth: 0, colour: 'params' }),
        darkest((l) => l.params),
      ),
    ).toBe(true)
    expect(graphSvg(profile, { colour: 'accesses' })).toContain('memory accesses')
    expect(graphSvg(profile, { colour: { title: 'ms', of: () => 2 } })).toContain('coloured by ms')
  })

  it('takes a network without MACs, and one without layers', () => {
    for (const layers of [[], counted('resnet18').layers.filter((l) => l.op === 'Relu')])
      expect(graphSvg({ model: 'm', layers, inputs: [] })).toContain('no MACs')
  })
})
