// Small made-up nodes to ask operators about: inputs, attributes and operator sets, in every combination that one accepts.

const image = [2, 4, 8, 8]

const data = (...shape) => ({ shape })
const stored = (...shape) => ({ shape, constant: true })
/** A stored vector of integers whose content the operator may read. */
const ints = (...values) => ({ shape: [values.length], constant: true, elementType: 'int64', values })
const floats = (...values) => ({ shape: [values.length], constant: true, values })
const bytes = (input) => ({ ...input, elementType: 'uint8' })
const whole = (input) => ({ ...input, elementType: 'int32' })
const scalar = (value) => ({ shape: [], constant: true, elementType: 'int64', values: [value] })
const none = undefined

/** Inputs to try, the usual kinds first: an image or a matrix, with stored weights, vectors of axes or sizes, indices. */
const inputLists = [
  [],
  [data(...image)],
  [data(...image), data(...image)],
  // The gradient of pooling with a window of 2×2, and where X is not needed.
  [data(2, 4, 7, 7), data(...image)],
  [data(2, 4, 7, 7)],
  [data(...image), data(2, 4, 7, 7)],
  [data(2, 6, 6, 6), data(...image), stored(6, 4, 3, 3)],
  [data(...image), stored(1, 4, 1, 1)],
  [data(...image), stored(4)],
  [data(...image), stored(4), stored(4)],
  [data(...image), stored(4), stored(4), stored(4), stored(4)],
  [data(...image), stored(6, 4, 3, 3)],
  // Offsets of the taps at each place.
  [data(...image), stored(6, 4, 3, 3), data(2, 18, 6, 6)],
  [data(...image), stored(4, 6, 3, 3)],
  [data(...image), stored(6, 4, 3, 3), stored(6)],
  [data(...image), stored(4, 1, 3, 3)],
  [data(2, 4)],
  [data(2, 4), stored(4, 6)],
  [data(2, 4), stored(4, 6), stored(6)],
  [data(...image), ints(2, 3)],
  [data(...image), ints(1)],
  [data(...image), ints(2, 2)],
  [data(...image), ints(2, 4, 64)],
  [data(...image), ints(1, 1, 1, 1)],
  [data(...image), ints(2, 4, 8, 8)],
  [data(...image), ints(0, 0, 1, 1, 0, 0, 1, 1)],
  [data(...image), ints(0, 0), ints(4, 4), ints(2, 3), ints(1, 1)],
  [data(...image), ints(0), ints(2), ints(1)],
  [data(...image), data(2, 8, 8, 2)],
  [data(2, 2, 3), ints(2, 3, 5, 6)],
  [data(...image), stored(3, 5)],
  [data(2, 4, 5), data(2, 3, 4), { ...data(2, 3, 4), elementType: 'int64' }],
  [data(...image), none, floats(1, 1, 2, 2)],
  [data(...image), none, floats(1, 2, 1, 1)],
  [data(...image), floats(1, 1, 2, 2)],
  [data(...image), floats(1, 2, 1, 1)],
  [data(2, 8, 49), ints(8, 8), ints(2, 2)],
  [ints(2, 4, 8)],
  [ints(5), ints(2), stored(1)],
  [scalar(0), scalar(4), scalar(1)],
  [data(2, 4, 5), stored(12, 5), stored(12, 3)],
  [data(2, 4, 5), stored(1, 12, 5), stored(1, 12, 3)],
  [data(2, 4, 5), stored(1, 9, 5), stored(1, 9, 3)],
  [data(2, 4, 5), stored(1, 3, 5), stored(1, 3, 3)],
  [data(1, 6, 4), data(1, 3, 6)],
  [{ ...data(...image), elementType: 'bool' }, data(...image), data(...image)],
  [whole(data(...image)), whole(data(...image))],
  [data(...image), scalar(2)],
  [bytes(data(...image)), bytes(stored(6, 4, 3, 3))],
  [bytes(data(2, 4)), bytes(stored(4, 6))],
  [data(...image), stored(), bytes(stored())],
  [bytes(data(...image)), stored(), bytes(stored())],
  [
    bytes(data(...image)),
    stored(),
    bytes(stored()),
    bytes(data(...image)),
    stored(),
    bytes(stored()),
    stored(),
    bytes(stored()),
  ],
  [stored(), bytes(stored()), bytes(data(...image)), stored(), bytes(stored())],
  [
    bytes(data(...image)),
    stored(),
    bytes(stored()),
    bytes(stored(6, 4, 3, 3)),
    stored(),
    bytes(stored()),
    stored(),
    bytes(stored()),
  ],
  [
    bytes(data(2, 4)),
    stored(),
    bytes(stored()),
    bytes(stored(4, 6)),
    stored(),
    bytes(stored()),
    stored(),
    bytes(stored()),
  ],
]

const int = (value) => ({ kind: 'int', value })
const intList = (...value) => ({ kind: 'ints', value })
const text = (value) => ({ kind: 'string', value })

/** An operator reads the attributes it knows and does not see the others. */
const attributeSets = [
  {},
  {
    axis: int(1),
    kernel_shape: intList(2, 2),
    blocksize: int(2),
    to: int(1),
    equation: text('nchw,nchw->nchw'),
    num_outputs: int(2),
    input_shape: intList(...image),
    starts: intList(0, 1, 2),
    indices: intList(0, 1),
    weights: { kind: 'floats', value: [0.5, 0.5] },
  },
  { axis: int(0), perm: intList(0, 2, 3, 1), kernel_shape: intList(3, 3), equation: text('nc,cd->nd'), size: int(3) },
  { group: int(4), mode: text('linear'), reduction: text('add'), shape: intList(2, 4), pooled_shape: intList(2, 2) },
  {
    axes: intList(2, 3),
    starts: intList(0, 0),
    ends: intList(4, 4),
    hidden_size: int(3),
    value_int: int(1),
    group: int(2),
    num_groups: int(2),
    direction: text('LEFT'),
  },
]

const opsets = [21, 9]
const outputLists = [['y'], ['y', 'z']]

const sizes = { N: 2, C: 4, M: 6, R: 3 }

/** What an operator declares to need, of sizes that go together. */
function declaredInputs({ inputs }) {
  return (typeof inputs === 'function' ? inputs(opsets[0]) : inputs)
    .filter((text) => !/^\w+[?*]/.test(text))
    .map((text) => {
      if (text.endsWith(')')) return stored()
      const shape = /\[(.*)\]/.exec(text)?.[1].split(', ')
      if (!shape) return data(...image)
      const rest = image.slice(shape.length - 1)
      return data(...shape.flatMap((d) => (d === '…' ? rest : (sizes[d] ?? (Number(d) || 2)))))
    })
}

/** Every made-up node that an operator accepts, with its outputs' types. */
export function* acceptedCalls(operator, callOf) {
  let accepted = 0
  for (const inputs of [...inputLists, declaredInputs(operator)])
    for (const call of callsWith(operator, callOf, inputs)) {
      accepted++
      yield call
    }
  // Some take whole numbers alone.
  const whole = { ...data(...image), elementType: 'int32' }
  if (accepted === 0) yield* callsWith(operator, callOf, [whole, whole])
}

/** One of the element types that are declared of an input, where that is not float32. */
const elementOf = { whole: 'int64', byte: 'uint8', bool: 'bool', int32: 'int32' }

/** Inputs of which nothing else is said are of elements that the operator declares. */
function typed({ inputs: declared }, inputs, opset) {
  const texts = typeof declared === 'function' ? declared(opset) : declared
  const kindOf = (text = '') => {
    const [, shared, kind = ''] = /^\w+[?…*]?: (=?)(\w+)/.exec(text) ?? []
    const other = shared && texts.find((t) => t !== text && t.match(/^\w+/)?.[0] === kind)
    return other ? kindOf(other) : kind
  }
  return inputs.map((input, i) => {
    const kind = kindOf(texts[i] ?? texts.at(-1))
    return input && !input.elementType && kind in elementOf ? { ...input, elementType: elementOf[kind] } : input
  })
}

function* callsWith(operator, callOf, untyped) {
  for (const attributes of attributeSets)
    for (const outputs of outputLists)
      for (const opset of opsets) {
        const inputs = typed(operator, untyped, opset)
        const call = tryCall(operator, callOf, { inputs, attributes, outputs, opset })
        if (call) yield call
      }
}

function tryCall(operator, callOf, { inputs, attributes, outputs, opset }) {
  const node = {
    name: 'node',
    opType: operator.name,
    domain: operator.domain,
    inputs: inputs.map((input, i) => (input ? `input ${i}` : '')),
    outputs,
    attributes: new Map(Object.entries(attributes)),
  }
  const known = inputs.map((input) => {
    if (!input) return undefined
    const { shape, elementType = 'float32', values } = input
    return { elementType, shape, value: values && { elementType, shape, data: values } }
  })
  try {
    const call = callOf(operator, node, opset, known)
    const inferred = operator.infer(call)
    return outputs.every((_, i) => inferred[i]) ? { call: { ...call, outputs: inferred }, inputs } : undefined
  } catch {
    // The node does not fit this operator, which is what is being found out.
    return undefined
  }
}
