// What operators declare of their inputs and attributes is what ONNX's schemas say, and whatever does not fit is refused before anything else is asked.

import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type ElementType, elementTypes, KerfError } from '../src/base/index.ts'
import {
  AttributeReader,
  type AttributeValue,
  analyse,
  GraphBuilder,
  type Known,
  type OperatorFacts,
  signatureOf,
} from '../src/graph/index.ts'
import { factList, operatorFacts } from '../src/ops/index.ts'

/*
 * Made by onnx 1.23.2: per operator how many inputs its versions take, the attributes that are texts, and those of these names:
 *
 *   for s in sorted(defs.get_all_schemas_with_history(), key=lambda s: s.since_version):
 *       inputs: f'{s.since_version}:{s.min_input}-{s.max_input}'        texts: d.type == OpSchema.AttrType.STRING
 *       sizes: kernel_shape strides dilations group blocksize num_groups pooled_shape offset_group num_scan_inputs hidden_size, size of LRN
 *       types: for each input those that any version takes, floats: bfloat16 float16 float32 float64, ints: of 8 to 64 bits with and without sign
 *       same: inputs of the newest version whose type is the same parameter, one that may be several types; of those that repeat the first two
 */
const schemas: Readonly<
  Record<
    string,
    {
      readonly inputs: string
      readonly texts?: readonly string[]
      readonly sizes?: readonly string[]
      readonly types?: readonly string[]
      readonly same?: readonly string[]
    }
  >
> = JSON.parse(readFileSync(new URL('onnx-schemas.json', import.meta.url), 'utf8'))

const newest = 25
const groups: Readonly<Record<string, readonly string[]>> = {
  floats: ['bfloat16', 'float16', 'float32', 'float64'],
  ints: ['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'],
}
const kindOf = (type: string): string => {
  if (/^float[48]/.test(type)) return 'float of 8 bits or fewer'
  return type.startsWith('float') || type === 'bfloat16' ? 'float' : type.replace(/\d+$/, '').replace(/^u/, '')
}

/** Inputs of which Kerf takes more or less than ONNX, and why. */
const lenient = new Map([
  ['Reshape shape', 'floating-point numbers count where they are whole'],
  ['Split split', 'of the first version it was of the type of what is split'],
  ['Tile repeats', 'of the first version it was of the type of what is repeated'],
  ['QuantizeLinear y_scale', 'whole numbers are no scales'],
  ['Erf X', 'whole numbers have no use'],
  ...[
    'IsInf X',
    'IsNaN X',
    ...['a', 'b', 'a_zero_point', 'b_zero_point', 'y_zero_point'].map((x) => `QLinearMatMul ${x}`),
  ].map((input) => [input, 'floats of 8 bits are not calculated with'] as const),
])
const operators = factList.map((o): [string, OperatorFacts] => [`${o.domain === '' ? '' : `${o.domain}.`}${o.name}`, o])
const standard = operators.filter(([name]) => name in schemas)

/** Versions in which what is taken changes, and the newest. */
const versionsOf = ({ inputs }: OperatorFacts): number[] =>
  typeof inputs !== 'function'
    ? [newest]
    : Array.from({ length: newest }, (_, i) => i + 1).filter(
        (v) => v === newest || String(inputs(v)) !== String(inputs(v + 1)),
      )

/** One that is among those that are declared. */
function elementOf(declared: string | undefined): ElementType {
  const [first = ''] = declared?.split('|') ?? []
  const ofKinds: Readonly<Record<string, ElementType>> = { whole: 'int64', byte: 'uint8', bool: 'bool', int32: 'int32' }
  return ofKinds[first] ?? 'float32'
}

/** What is thrown about a node of these inputs: shapes; undefined of one of which nothing is known, '' for one that is left out. */
function refusal(
  operator: OperatorFacts,
  opset: number,
  inputs: readonly (Known['shape'] | '')[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  type?: ElementType | ((input: number) => ElementType | undefined),
): KerfError | undefined {
  const b = new GraphBuilder('one', opset)
  const names = inputs.map((shape, i) => (shape === '' ? '' : `x${i}`))
  const slots = signatureOf(operator, opset)
  b.output(b.node(operator.name, names, { direction: 'LEFT', ...attributes }, { name: 'it', domain: operator.domain }))
  const model = b.model()
  const given = inputs.map((shape, i) => {
    const own = shape === undefined ? undefined : elementOf((slots[i] ?? slots.at(-1))?.elements)
    const elementType = typeof type === 'function' ? type(i) : (type ?? own)
    const isKnown = shape !== '' && elementType !== undefined && (shape !== undefined || typeof type === 'function')
    return { name: `x${i}`, type: isKnown ? ({ kind: 'tensor', elementType, shape } as const) : undefined }
  })
  try {
    analyse({ ...model, graph: { ...model.graph, inputs: given } }, operatorFacts)
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(KerfError)
    return error as KerfError
  }
}

const places = (count: number): undefined[] => new Array(count).fill(undefined)

it('knows what onnx says of the standard operators', () => {
  expect(standard.length).toBeGreaterThan(130)
})

describe('inputs', () => {
  it.each(operators.filter(([, o]) => signatureOf(o, newest).some((s) => s.repeats && !s.isOptional)))(
    'that repeat are all there: %s',
    (_, operator) => {
      const slots = signatureOf(operator, newest)
      const left = refusal(operator, newest, [...places(slots.length), ''])
      expect(left?.message).toContain(`input ${slots.length} (${slots.at(-1)!.name}) is missing`)
    },
  )

  /** Two types that are both among those that are declared. */
  const pairOf = (declared = ''): readonly [ElementType, ElementType] =>
    /^byte/.test(declared) ? ['int8', 'uint8'] : /^whole/.test(declared) ? ['int64', 'int32'] : ['float32', 'float64']

  it.each(standard.filter(([name]) => schemas[name]!.same))('share their elements: %s', (name, operator) => {
    const slots = signatureOf(operator, newest)
    for (const group of schemas[name]!.same!.map((text) => text.split(' ').map(Number)))
      for (const other of group.slice(1)) {
        const [type, another] = pairOf((slots[group[0]!] ?? slots.at(-1))?.elements)
        const count = Math.max(other + 1, slots.filter((s) => !s.isOptional).length)
        const typeOf = (i: number) => (i === other ? another : group.includes(i) ? type : undefined)
        const messages = [undefined, [1, 2, 4, 4], [2], []].map((shape) => {
          const shapes = Array.from({ length: count }, (_, i) => (group.includes(i) ? shape : undefined))
          return refusal(operator, newest, shapes, {}, typeOf)?.message ?? ''
        })
        expect(
          messages.some((text) => text.includes(` is ${another}`) && text.includes(` is ${type}`)),
          `${group[0]}, ${other}`,
        ).toBe(true)
      }
  })

  it.each(standard)('are as many as ONNX says: %s', (name, operator) => {
    // ONNX wants two more values than a Loop needs.
    const lenient = name === 'Loop'
    const ranges = schemas[name]!.inputs.split(' ').map((range) => range.split(/[:-]/))
    for (const [i, [since, least, most]] of ranges.entries()) {
      const until = Number(ranges[i + 1]?.[0] ?? newest + 1) - 1
      for (const version of [Number(since), until]) {
        const slots = signatureOf(operator, version)
        const required = slots.findLastIndex((s) => !s.isOptional) + 1
        if (!lenient) expect(required, `version ${version}`).toBe(Number(least))
        expect(slots.at(-1)?.repeats ? '*' : String(slots.length), `version ${version}`).toBe(most)
      }
    }
  })

  it.each(operators)('too few or too many are refused: %s', (_, operator) => {
    for (const version of versionsOf(operator)) {
      const slots = signatureOf(operator, version)
      slots.forEach(({ name, isOptional }, i) => {
        if (isOptional) return
        const inputs = slots.map((_, k) => (k === i ? '' : undefined))
        expect(refusal(operator, version, inputs)?.message).toContain(
          `${operator.name} "it": input ${i} (${name}) is missing`,
        )
      })
      if (slots.at(-1)?.repeats) continue
      const error = refusal(operator, version, places(slots.length + 1))
      expect(error?.message).toContain(`${operator.name} "it": it has ${slots.length + 1} inputs, where`)
      expect(error?.code).toBe('wrong-node')
    }
  })

  it.each(operators)('of shapes that are none of it are refused: %s', (_, operator) => {
    for (const version of versionsOf(operator)) {
      const slots = signatureOf(operator, version)
      const sized = new Map<string, number>()
      slots.forEach(({ name, shape, orSingle }, i) => {
        if (!shape || orSingle) return
        const axes = shape.filter((d) => d !== '…')
        const refused = (size: readonly number[]) =>
          refusal(
            operator,
            version,
            slots.map((s, k) => (k === i ? size : s.isOptional ? '' : undefined)),
          )?.message
        const wrong: number[][] = []
        if (axes.length > 0) wrong.push(axes.slice(1).map(() => 1))
        if (axes.length === shape.length) wrong.push([...axes, 1].map(() => 1))
        for (const size of wrong)
          expect(refused(size)).toContain(`"it": ${name} is [${size}], where [${shape.join(', ')}]`)
        // A size that two inputs have in common.
        shape.forEach((letter, axis) => {
          const first = sized.get(letter)
          if (first === undefined) sized.set(letter, i)
          if (
            first === undefined ||
            first === i ||
            /[\d_…]/.test(letter) ||
            (shape.indexOf('…') < axis && shape.includes('…'))
          )
            return
          const other = slots[first]!.shape!
          const inputs = slots.map((s, k) =>
            k === first
              ? other.filter((d) => d !== '…').map((d) => (/^\d/.test(d) ? Number(d) : 3))
              : k === i
                ? shape.filter((d) => d !== '…').map((d, a) => (a === axis ? 7 : /^\d/.test(d) ? Number(d) : 3))
                : s.isOptional
                  ? ''
                  : undefined,
          )
          expect(refusal(operator, version, inputs)?.message, letter).toMatch(/is needed with \w+ \d/)
        })
      })
    }
  })

  it.each(standard.filter(([name]) => schemas[name]!.types))('of other elements are refused: %s', (name, operator) => {
    const slots = signatureOf(operator, newest)
    slots.forEach((slot, i) => {
      const types = (schemas[name]!.types![i] ?? 'any').split(' ').flatMap((type) => groups[type] ?? [type])
      if (types.includes('any') || types[0] === undefined) return
      const kinds = new Set(types.map(kindOf))
      for (const type of elementTypes) {
        const inputs = slots.map((s, k) => (k === i ? [1] : s.isOptional ? '' : undefined))
        const message = refusal(operator, newest, inputs, {}, type)?.message ?? ''
        const isRefused = message.includes(`is ${type}, where`)
        // Whole numbers of another size than ONNX takes mean the same.
        const isMeant = types.includes(type) || (slot.elements !== 'byte' && kinds.has(kindOf(type)))
        if (lenient.has(`${name} ${slot.name}`) || (isMeant && !types.includes(type))) continue
        expect(isRefused, `${slot.name} of ${type}`).toBe(!isMeant)
      }
    })
  })

  it('of one element or one per channel are refused where they are of others', () => {
    const [range, convolution] = [operatorFacts.get('', 'Range')!, operatorFacts.get('', 'ConvInteger')!]
    expect(refusal(range, 17, [[], [1], []])).toBeUndefined()
    expect(refusal(range, 17, [[2], [], []])?.message).toContain('start is [2], where one element or [1] is needed')
    const zeros = (...shape: number[]) => refusal(convolution, 17, [[1, 3, 4, 4], [5, 3, 1, 1], [], shape])?.message
    for (const shape of [[], [1], [1, 1], [5]]) expect(zeros(...shape) ?? '').not.toContain('w_zero_point')
    for (const shape of [[2], [5, 1], [0]])
      expect(zeros(...shape)).toContain(`w_zero_point is [${shape}], where one element or [M] is needed`)
  })

  it('of lengths that do not go together are refused', () => {
    const cases: readonly [string, readonly number[][], string][] = [
      ['GatherElements', [[2, 4], [3]], 'equally many dimensions'],
      [
        'ScatterElements',
        [
          [2, 4],
          [1, 2],
          [1, 3],
        ],
        'must be of one shape',
      ],
      [
        'ScatterND',
        [
          [2, 4],
          [1, 1],
          [1, 3],
        ],
        'updates [1,3] should be [1,4]',
      ],
      ['Compress', [[2, 4], [9]], 'a condition of 9 for 8 elements'],
      ['ReverseSequence', [[2, 4], [3]], '3 lengths for a batch of 4'],
      ['QLinearMatMul', [[2, 4], [], [], [4, 3], [2], [], [], []], 'input 4 is [2], where one element or [3]'],
    ]
    for (const [name, inputs, problem] of cases)
      expect(refusal(operatorFacts.get('', name)!, 17, inputs)?.message).toContain(problem)
  })

  it('of sizes that are not known may be anything', () => {
    const conv = operatorFacts.get('', 'Conv')!
    expect(refusal(conv, 17, [['N', 3, 'H', 'W'], ['M', 3, 1, 1], ['K']])).toBeUndefined()
    expect(refusal(conv, 17, [undefined, undefined])).toBeUndefined()
    expect(refusal(conv, 17, [undefined, [4, 1, 1, 1], [2]])?.message).toBe(
      'Conv "it": B is [2], where [M] is needed with M 4; x0 [?], x1 [4,1,1,1], x2 [2].',
    )
  })
})

it('outputs that an operator does not make are refused', () => {
  for (const [opType, inputs, outputs] of [
    ['Relu', 1, 2],
    ['Conv', 2, 2],
    ['MaxPool', 1, 3],
    ['TopK', 2, 3],
  ] as const) {
    const b = new GraphBuilder('one', 17)
    const names = places(inputs).map((_, i) => `x${i}`)
    const made = places(outputs).map((_, i) => `y${i}`)
    b.node(opType, names, { kernel_shape: [1] }, { name: 'it', outputs: made })
    const model = b.model()
    const given = names.map((name) => ({ name, type: undefined }))
    expect(() => analyse({ ...model, graph: { ...model.graph, inputs: given } }, operatorFacts)).toThrow(
      `"it": it has ${outputs} outputs, where at most ${outputs - 1}`,
    )
  }
})

describe('attributes', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  /** Texts that are checked with the inputs, by what they say, or that say a thing to other runtimes only. */
  const elsewhere: Readonly<Record<string, string>> = {
    'Cast to': 'the name of an element type, until opset 6',
    'Cast round_mode': 'of floats of 8 bits, which are not calculated with',
    'CastLike round_mode': 'of floats of 8 bits, which are not calculated with',
    'Constant value_string': 'any text',
    'Einsum equation': 'checked with the shapes',
    'GRU direction': 'checked with the shapes',
    'LSTM direction': 'checked with the shapes',
    'RNN direction': 'checked with the shapes',
  }

  const cases = standard.flatMap(([name, operator]) => [
    ...(schemas[name]!.texts ?? [])
      .filter((text) => !(`${name} ${text}` in elsewhere))
      .map((text): [string, OperatorFacts, AttributeValue] => [`${name} ${text}`, operator, 'NONSENSE']),
    ...(schemas[name]!.sizes ?? []).flatMap((size): [string, OperatorFacts, AttributeValue][] => {
      const isList = ['kernel_shape', 'strides', 'dilations', 'pooled_shape'].includes(size)
      return [0, -1].map((value) => [`${name} ${size}`, operator, isList ? [2, value] : value])
    }),
  ])

  it.each(cases)('%s is refused where it is out of range', (name, operator, value) => {
    const attribute = name.split(' ')[1]!
    for (const version of [newest, 11, 1]) {
      const error = refusal(operator, version, places(signatureOf(operator, version).length), { [attribute]: value })
      if (version !== newest && error?.code !== 'wrong-attribute') continue
      expect(error?.code).toBe('wrong-attribute')
      expect(error?.details).toMatchObject({ node: 'it', opType: operator.name })
      expect(error?.message).toContain(`attribute ${attribute} `)
    }
  })

  it.each(operators)('of every operator are refused where its declaration says so: %s', (_, operator) => {
    const bad = new Map<string, AttributeValue>()
    const flag = vi.spyOn(AttributeReader.prototype, 'flag')
    const choice = vi.spyOn(AttributeReader.prototype, 'choice')
    const size = vi.spyOn(AttributeReader.prototype, 'size')
    const sizes = vi.spyOn(AttributeReader.prototype, 'sizes')
    refusal(operator, newest, places(signatureOf(operator, newest).length))
    for (const [name] of flag.mock.calls) bad.set(name, 2)
    for (const [name] of choice.mock.calls) bad.set(name, 'NONSENSE')
    for (const [name, least = 1] of size.mock.calls) bad.set(name, least - 1)
    for (const [name, least = 1] of sizes.mock.calls) bad.set(name, [least - 1])
    vi.restoreAllMocks()
    for (const [name, value] of bad)
      expect(
        refusal(operator, newest, places(signatureOf(operator, newest).length), { [name]: value })?.message,
        name,
      ).toMatch(`${operator.name} "it": attribute ${name} `)
  })
})
