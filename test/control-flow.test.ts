// If, Loop, Scan and sequences: decided beforehand they leave nothing behind; undecided they run, on every backend.

import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { profileModel } from '../src/cost/index.ts'
import { type Attribute, GraphBuilder, type Model, simplified, tensorOf } from '../src/graph/index.ts'
import { readModelFile } from '../src/onnx/index.node.ts'
import { operators } from '../src/ops/index.ts'
import { pruneModel } from '../src/prune/index.ts'
import { type HostTensor, hostTensor, hostValues } from '../src/runtime/index.ts'
import { backends } from '../src/testing/backends.ts'
import { caseArray } from '../src/testing/cases.ts'
import { describeShared, sharedPath } from '../src/testing/shared.ts'

/** @param sequences inputs behind those that are made */
const graphOf = (make: (b: GraphBuilder) => void, sequences: readonly string[] = []): Attribute => {
  const b = new GraphBuilder('body')
  make(b)
  const { graph } = b.model()
  const more = sequences.map((name) => ({ name, type: { kind: 'other' as const } }))
  return { kind: 'graph', value: { ...graph, inputs: [...graph.inputs, ...more] } }
}

const float = (name: string, shape: readonly number[], values: readonly number[]): [string, HostTensor] => [
  name,
  hostTensor('float32', shape, values),
]

/** What a model gives, by output, on every backend; they must agree. */
async function outputsOf(model: Model, ...feeds: [string, HostTensor][]): Promise<number[][]> {
  const all = await Promise.all(
    backends.map(async ({ run }) => [...(await run(model, new Map(feeds))).values()].map((t) => [...hostValues(t)])),
  )
  for (const one of all) expect(one).toEqual(all[0])
  return all[0]!
}

const opsOf = ({ graph }: Model): string[] => graph.nodes.map((n) => n.opType)

/** y = If(condition, conv1×1 of x with 2 filters twice, of x with 1 filter), its weights inside, on x [1, 2, 2, 2]. */
function branches(condition: (b: GraphBuilder, x: string) => string): Model {
  const b = new GraphBuilder('branches')
  const x = b.input('x', 'float32', [1, 2, 2, 2])
  const doubled = b.node('Add', [x, x], {}, { name: 'twice' })
  const then_branch = graphOf((body) => {
    const w = body.constant('then_w', tensorOf('float32', [2, 2, 1, 1], [1, 2, 3, 4]))
    const first = body.node('Conv', [doubled, w], {}, { name: 'then_conv' })
    body.output(body.node('Conv', [first, w], {}, { name: 'then_conv2' }))
  })
  const else_branch = graphOf((body) => {
    const w = body.constant('else_w', tensorOf('float32', [1, 2, 1, 1], [10, 100]))
    body.output(body.node('Conv', [x, w], {}, { name: 'else_conv' }))
  })
  b.output(b.node('Relu', [b.node('If', [condition(b, x)], { then_branch, else_branch }, { name: 'choice' })]))
  return b.model()
}

const square = (n: number): [string, HostTensor] =>
  float(
    'x',
    [1, 2, 2, 2],
    Array.from({ length: 8 }, (_, i) => (i < 4 ? n : i)),
  )

describe('If', () => {
  const bySize = (size: number) =>
    branches((b, x) => {
      const rank = b.node('Size', [b.node('Shape', [x])])
      return b.node('Equal', [rank, b.constant('rank', tensorOf('int64', [], [size]))])
    })

  it('whose condition follows from shapes leaves the branch that is taken', async () => {
    const model = bySize(4)
    expect(opsOf(simplified(model, operators))).toEqual(['Add', 'Shape', 'Size', 'Equal', 'Conv', 'Conv', 'Relu'])
    const { totals, unsupported, notes, layers } = profileModel(model)
    // 4 places · 2 · 2, twice with the same four weights.
    expect(totals).toMatchObject({ macs: 32, params: 4 })
    expect([unsupported, notes]).toEqual([[], []])
    expect(layers.map((l) => l.name)).toEqual(['twice', 'choice/then_conv', 'choice/then_conv2', 'Relu_3'])
    expect(profileModel(bySize(3)).totals).toMatchObject({ macs: 8, params: 2 })
    // 2x through [[1, 2], [3, 4]] twice, [[7, 10], [15, 22]], first filter, first place: 2·(7·1 + 10·4).
    expect((await outputsOf(model, square(1)))[0]?.slice(0, 2)).toEqual([94, 114])
  })

  const byValue = branches((b) => b.input('condition', 'bool', []))
  const flag = (value: number): [string, HostTensor] => ['condition', hostTensor('bool', [], [value])]

  it('takes the branch that the condition says while it runs', async () => {
    expect((await outputsOf(byValue, square(1), flag(1)))[0]?.slice(0, 2)).toEqual([94, 114])
    expect(await outputsOf(byValue, square(1), flag(0))).toEqual([[410, 510, 610, 710]])
    expect(simplified(byValue, operators)).toBe(byValue)
  })

  it('undecided counts the larger branch, and the parameters of both', () => {
    const { totals, layers, notes, unsupported } = profileModel(byValue)
    expect(totals).toMatchObject({ macs: 32, params: 6 })
    expect(layers.find((l) => l.op === 'If')).toMatchObject({ macs: 32, params: 6 })
    expect(unsupported.map((u) => u.name)).toEqual(['Relu_0'])
    expect(notes).toEqual([
      {
        name: 'choice',
        op: 'If',
        domain: '',
        note: 'which branch runs depends on the data: then_branch, the larger one, is counted, parameters of both',
      },
    ])
  })

  describe('one branch of which does not go with the sizes', () => {
    /** y = If(condition, x·[1, 2, 3, 4], x·[1, 10]) on x [1, size]. */
    const either = (size: number): Model => {
      const b = new GraphBuilder('either')
      const x = b.input('x', 'float32', [1, size])
      const condition = b.input('condition', 'bool', [])
      const product = (values: number[], name: string) =>
        graphOf((body) => {
          const w = body.constant(`${name}_w`, tensorOf('float32', [values.length, 1], values))
          body.output(body.node('MatMul', [x, w], {}, { name }))
        })
      const then_branch = product([1, 2, 3, 4], 'long')
      const else_branch = product([1, 10], 'short')
      b.output(b.node('Relu', [b.node('If', [condition], { then_branch, else_branch }, { name: 'choice' })]))
      return b.model()
    }
    const x = float('x', [1, 4], [1, 2, 3, 4])

    it('runs and counts the other', async () => {
      expect(await outputsOf(either(4), x, flag(1))).toEqual([[30]])
      const { totals, notes, unsupported } = profileModel(either(4))
      expect(totals).toMatchObject({ macs: 4, params: 4 })
      expect(unsupported).toEqual([])
      expect(notes).toMatchObject([
        {
          note:
            'then_branch and its parameters are counted: else_branch cannot be taken with these sizes (MatMul "short": ' +
            'the last axis of the left operand (4) ≠ the second last of the right one (2))',
        },
      ])
    })

    it('is refused where that one is taken', async () => {
      for (const { run } of backends)
        await expect(async () => run(either(4), new Map([x, flag(0)]))).rejects.toThrow(
          'If "choice": its else_branch, which is to be taken, cannot be: MatMul "short": the last axis of the left',
        )
    })

    it('is refused where the other does not either', () => {
      expect(() => profileModel(either(5))).toThrow('MatMul "long"')
    })
  })
})

/** x is multiplied by 2 in every round; outputs: the last, and all. */
function doubling(b: GraphBuilder, rounds: string, goesOn: (body: GraphBuilder, next: string) => string): Model {
  const x = b.input('x', 'float32', [2])
  const body = graphOf((inner) => {
    inner.input('round', 'int64', [])
    inner.input('before', 'bool', [])
    const value = inner.input('value', 'float32', [2])
    const next = inner.node('Mul', [value, inner.constant('two', tensorOf('float32', [], [2]))])
    inner.output(goesOn(inner, next))
    inner.output(next)
    inner.output(inner.node('Add', [next, 'offset'], {}, { name: 'row' }))
  })
  b.constant('offset', tensorOf('float32', [], [0.5]))
  const yes = b.constant('yes', tensorOf('bool', [], [1]))
  b.node('Loop', [rounds, yes, x], { body }, { name: 'again', outputs: ['last', 'rows'] })
  b.output('last')
  b.output('rows')
  return b.model()
}

const handedOn = (body: GraphBuilder) => body.node('Identity', ['before'])
const pair = float('x', [2], [1, -3])

describe('Loop', () => {
  it('of a constant number of rounds is unrolled', async () => {
    const b = new GraphBuilder('loop')
    const model = doubling(b, b.constant('rounds', tensorOf('int64', [], [3])), handedOn)
    expect(opsOf(simplified(model, operators)).filter((op) => op === 'Mul')).toHaveLength(3)
    expect(opsOf(simplified(model, operators))).not.toContain('Loop')
    expect(await outputsOf(model, pair)).toEqual([
      [8, -24],
      [2.5, -5.5, 4.5, -11.5, 8.5, -23.5],
    ])
    expect(profileModel(model).totals).toMatchObject({ muls: 6, adds: 6 })
  })

  it('runs as often as its input says', async () => {
    const b = new GraphBuilder('loop')
    const model = doubling(b, b.input('rounds', 'int64', []), handedOn)
    const rounds = (n: number): [string, HostTensor] => ['rounds', hostTensor('int64', [], [n])]
    expect(await outputsOf(model, pair, rounds(2))).toEqual([
      [4, -12],
      [2.5, -5.5, 4.5, -11.5],
    ])
    expect(await outputsOf(model, pair, rounds(0))).toEqual([[1, -3], []])
    expect(profileModel(model).unsupported.map((u) => u.why)).toEqual(['how often its body runs depends on the data'])
  })

  it('runs as long as the data say', async () => {
    const b = new GraphBuilder('loop')
    const model = doubling(b, '', (body, next) =>
      body.node('Less', [
        body.node('ReduceMax', [next], { keepdims: 0 }),
        body.constant('limit', tensorOf('float32', [], [10])),
      ]),
    )
    expect((await outputsOf(model, pair))[0]).toEqual([16, -48])
  })

  it('whose condition counts rounds is unrolled too', () => {
    const b = new GraphBuilder('loop')
    const model = doubling(b, '', (body) =>
      body.node('Less', ['round', body.constant('most', tensorOf('int64', [], [4]))]),
    )
    expect(profileModel(model).totals.muls).toBe(10)
  })
})

describe('Scan', () => {
  it('makes no more outputs than it has', () => {
    const b = new GraphBuilder('two')
    const x = b.input('x', 'float32', [1, 4, 2])
    b.node('SplitToSequence', [x], { axis: 1 }, { outputs: ['parts', 'more'] })
    b.output(b.node('Relu', ['more']))
    expect(() => simplified(b.model(), operators)).toThrow('it has 2 outputs, where at most 1 are made')
  })

  it('sums along an axis, from the end where asked to', async () => {
    const b = new GraphBuilder('scan')
    const x = b.input('x', 'float32', [2, 3])
    const body = graphOf((inner) => {
      const sum = inner.node('Add', [inner.input('sum', 'float32', [2]), inner.input('part', 'float32', [2])])
      inner.output(sum)
      inner.output(inner.node('Identity', [sum]))
    })
    const zero = b.constant('zero', tensorOf('float32', [2], [0, 0]))
    const attributes = {
      body,
      num_scan_inputs: 1,
      scan_input_axes: [1],
      scan_input_directions: [1],
      scan_output_axes: [-1],
    }
    b.node('Scan', [zero, x], attributes, { outputs: ['total', 'sums'] })
    b.output('total')
    b.output('sums')
    const model = b.model()
    expect(opsOf(simplified(model, operators))).not.toContain('Scan')
    expect(await outputsOf(model, float('x', [2, 3], [1, 2, 3, 10, 20, 30]))).toEqual([
      [6, 60],
      [3, 5, 6, 30, 50, 60],
    ])
  })
})

describe('sequences', () => {
  const parts = (position: (b: GraphBuilder) => string): Model => {
    const b = new GraphBuilder('parts')
    const x = b.input('x', 'float32', [1, 4])
    const split = b.node('SplitToSequence', [x, b.ints('sizes', [1, 2, 1])], { axis: 1 })
    const erased = b.node('SequenceErase', [split, b.constant('zero', tensorOf('int64', [], [0]))])
    const more = b.node('SequenceInsert', [erased, b.node('Neg', [x])])
    b.output(b.node('SequenceAt', [more, position(b)]))
    b.output(b.node('SequenceLength', [more]))
    b.output(b.node('ConcatFromSequence', [more], { axis: 1 }))
    return b.model()
  }
  const x = float('x', [1, 4], [1, 2, 3, 4])

  it('of known elements are Split and Concat', async () => {
    const model = parts((b) => b.constant('last', tensorOf('int64', [], [-2])))
    expect(opsOf(simplified(model, operators)).sort()).toEqual(['Concat', 'Identity', 'Identity', 'Neg', 'Split'])
    expect(await outputsOf(model, x)).toEqual([[4], [3], [2, 3, 4, -1, -2, -3, -4]])
  })

  it('are there while the network runs where the data choose', async () => {
    const model = parts((b) => b.input('position', 'int64', []))
    const at = (i: number): [string, HostTensor] => ['position', hostTensor('int64', [], [i])]
    expect(await outputsOf(model, x, at(0))).toEqual([[2, 3], [3], [2, 3, 4, -1, -2, -3, -4]])
    expect((await outputsOf(model, x, at(-1)))[0]).toEqual([-1, -2, -3, -4])
    await expect(outputsOf(model, x, at(3))).rejects.toThrow('position 3 is out of range for a sequence of 3')
  })

  it('grow in loops', async () => {
    const b = new GraphBuilder('growing')
    const value = b.input('x', 'float32', [1, 4])
    const body = graphOf(
      (inner) => {
        inner.input('round', 'int64', [])
        inner.input('before', 'bool', [])
        const row = inner.node('Mul', [value, inner.node('Cast', ['round'], { to: 1 })])
        inner.output(inner.node('Identity', ['before']))
        inner.output(inner.node('SequenceInsert', ['list', row]))
      },
      ['list'],
    )
    const empty = b.node('SequenceEmpty', [], { dtype: 1 })
    const rows = b.node('Loop', [b.input('rounds', 'int64', []), '', empty], { body })
    b.output(b.node('ConcatFromSequence', [rows], { axis: 0, new_axis: 1 }))
    const result = await outputsOf(b.model(), x, ['rounds', hostTensor('int64', [], [3])])
    expect(result).toEqual([[0, 0, 0, 0, 1, 2, 3, 4, 2, 4, 6, 8]])
  })

  it('cannot be handed out', async () => {
    const b = new GraphBuilder('list')
    b.output(b.node('SequenceConstruct', [b.input('x', 'float32', [1, 4])]))
    await expect(outputsOf(b.model(), x)).rejects.toThrow('An output of the network is a sequence')
  })
})

describe('pruning', () => {
  it('sees through branches and loops that are decided', async () => {
    const b = new GraphBuilder('net')
    const x = b.input('x', 'float32', [1, 1, 4, 4])
    const weight = (name: string, ...shape: number[]) =>
      tensorOf(
        'float32',
        shape,
        Array.from({ length: shape.reduce((p, d) => p * d, 1) }, (_, i) => Math.sin(i + name.length)),
      )
    const first = b.node('Conv', [x, b.constant('w1', weight('w1', 8, 1, 1, 1))])
    const body = graphOf((inner) => {
      inner.input('round', 'int64', [])
      inner.input('before', 'bool', [])
      inner.output(inner.node('Identity', ['before']))
      inner.output(inner.node('Relu', [inner.input('value', 'float32', [1, 8, 4, 4])]))
    })
    const again = b.node('Loop', [b.constant('rounds', tensorOf('int64', [], [2])), '', first], { body })
    b.output(b.node('Conv', [again, b.constant('w2', weight('w2', 2, 8, 1, 1))]))
    const { model } = await pruneModel(b.model(), { criterion: 'l2', scope: { ratio: 0.5 } })
    expect(model.graph.initializers.get('w1')?.shape).toEqual([4, 1, 1, 1])
    expect(model.graph.initializers.get('w2')?.shape).toEqual([2, 4, 1, 1])
  })
})

describe('a loop without end', () => {
  const passedOn = graphOf((inner) => {
    inner.input('round', 'int64', [])
    inner.output(inner.node('Identity', [inner.input('before', 'bool', [])]))
    inner.output(inner.node('Relu', [inner.input('value', 'float32', [1])]))
  })
  const looping = (count: (b: GraphBuilder) => string) => {
    const b = new GraphBuilder('loop')
    b.output(b.node('Loop', [count(b), '', b.input('x', 'float32', [1])], { body: passedOn }, { name: 'again' }))
    return b.model()
  }

  it.each(backends)('is refused: $name', async ({ run }) => {
    const x = float('x', [1], [2])
    await expect(
      run(
        looping(() => ''),
        new Map([x]),
      ),
    ).rejects.toThrow('Loop "again": its condition always holds, and its body runs without end, for it has no count')
    const many = hostTensor('int64', [], [2 ** 40])
    const counted = looping((b) => b.input('n', 'int64', []))
    await expect(run(counted, new Map([x, ['n', many]]))).rejects.toThrow('its body runs 1099511627776 times')
    const [[y]] = (await outputsOf(counted, x, ['n', hostTensor('int64', [], [3])])) as [[number]]
    expect(y).toBe(2)
  })
})

describe('a body that does not go with its node is refused', () => {
  const bodies: Readonly<Record<string, Attribute>> = {
    nothing: graphOf(() => {}),
    'a value too many': graphOf((inner) => {
      for (const name of ['round', 'before', 'value', 'more']) inner.output(inner.input(name, 'float32', [1]))
    }),
  }
  it.each([
    ['nothing', 'body makes 0 values, of which 2 are read'],
    ['a value too many', 'body takes 4 values and is given 3'],
  ])('%s', (name, message) => {
    const b = new GraphBuilder('loop')
    const x = b.input('x', 'float32', [1])
    b.output(b.node('Loop', [b.constant('n', tensorOf('int64', [], [2])), '', x], { body: bodies[name]! }))
    expect(() => profileModel(b.model())).toThrow(message)
  })

  it('a count without an element', () => {
    const b = new GraphBuilder('loop')
    const body = graphOf((inner) => {
      for (const name of ['before', 'value']) inner.output(inner.input(name, 'float32', [1]))
    })
    b.output(b.node('Loop', [b.ints('n', []), '', b.input('x', 'float32', [1])], { body }))
    expect(() => profileModel(b.model())).toThrow('the count has 0 elements, expected one')
  })

  it('a branch that makes less', () => {
    const b = new GraphBuilder('if')
    const nothing = graphOf(() => {})
    b.output(b.node('If', [b.input('c', 'bool', [])], { then_branch: nothing, else_branch: nothing }))
    expect(() => profileModel(b.model())).toThrow('then_branch makes 0 values, of which 1 are read')
  })
})

describeShared('files that others struggled with', () => {
  const folder = (name: string) => sharedPath('cases/reports', name)
  const input = (name: string): [string, HostTensor] => ['x', caseArray(`reports/${name}`, 'in.x')]

  // First outputs by ONNX Runtime 1.32 on the inputs beside the files; MACs by hand.
  it.each([
    ['33b-if', 101_456, 1_664, [-0.279486, -0.112789, 0.576197]],
    ['47c-loop', 126_464, 824, [-0.064901, 0, -0.18757]],
    ['52-sequence', 103_424, 1_632, [0.762479, -0.110685, -0.125289]],
  ])('%s', async (name, macs, params, expected) => {
    const model = readModelFile(join(folder(name), 'model.onnx'))
    expect(profileModel(model).totals).toMatchObject({ macs, params })
    for (const { run } of backends) {
      const [y] = (await run(model, new Map([input(name)]))).values()
      expected.forEach((v, i) => {
        expect(hostValues(y!)[i]).toBeCloseTo(v, 5)
      })
    }
  })
})
