import { type ElementType, elementCount, indentedLines, KerfError } from '../base/index.ts'
import {
  editGraph,
  type Graph,
  inMemory,
  type Model,
  type Node,
  type Tensor,
  tensorOf,
  tensorValues,
} from '../graph/index.ts'
import { buildNet, type NamedNetOptions, parseNetName, twinName } from './named.ts'

/*
 * Weights that PyTorch saved, put into a network by their names. The layers here have the names of the PyTorch models, so names agree but for
 * four habits: adder layers of the public AdderNet code call their weight `adder`, training on several devices puts `module.` in front of
 * everything, many CIFAR ResNets call their classifier `linear` and not `fc`, and BatchNormalization counts its batches, which nobody needs.
 */

/** One stored tensor; `bytes` is asked for when its content is needed. */
export interface StoredWeight {
  /** Undefined for a type that ONNX has not. */
  readonly elementType: ElementType | undefined
  /** Sizes of its axes, as PyTorch has them. */
  readonly shape: readonly number[]
  /** Row-major, little-endian. */
  bytes(): Uint8Array
}

/** A weight that does not fit. */
export interface WeightMismatch {
  /** The tensor's. */
  readonly name: string
  /** missing: the network has it, the file has not; unknown: the file has it, the network has not. */
  readonly kind: 'missing' | 'unknown' | 'shape' | 'elementType'
  /** What does not fit, in words. */
  readonly problem: string
}

/** A network with weights from elsewhere. */
export interface ImportedNet {
  /** The network. */
  readonly model: Model
  /** How the network was built: what was given, and what followed from the weights. */
  readonly options: NamedNetOptions
  /** Tensors that went into the network. */
  readonly tensors: number
  /** Learnable numbers that went into it. */
  readonly parameters: number
  /** Tensors of the file that no network needs. */
  readonly ignored: readonly string[]
  /** The network that the weights fit as well, by their names: one without adder layers, whose weights have the same name but in AdderNet's code. */
  readonly alsoFits: string | undefined
}

const counter = /(^|\.)num_batches_tracked$/
const parallelPrefix = 'module.'
const floats: readonly (ElementType | undefined)[] = ['float32', 'float64', 'float16', 'bfloat16']

/**
 * Builds a network and puts weights into it. What `options` leaves open follows from the weights where it can: classes, input channels, the kind
 * of shortcuts and classifier of residual networks. Floats of other widths become float32.
 * @param name `resnet20-adder`, `mobilenet_v2` … (see `buildNet`)
 * @param weights by their names in PyTorch
 * @throws KerfError `unknown-net`; `wrong-weights`, which lists everything that does not fit (`details.mismatches`)
 */
export function importNet(
  name: string,
  weights: ReadonlyMap<string, StoredWeight>,
  options: NamedNetOptions = {},
): ImportedNet {
  const ignored = [...weights.keys()].filter((key) => counter.test(key))
  const given = [...weights].filter(([key]) => !counter.test(key))
  const parallel = given.length > 0 && given.every(([key]) => key.startsWith(parallelPrefix))
  const plain = given.map(([key, w]) => [parallel ? key.slice(parallelPrefix.length) : key, w] as const)
  const hasFc = plain.some(([key]) => key === 'fc.weight')
  const found = new Map(plain.map(([key, w]) => [hasFc ? key : key.replace(/^linear\./, 'fc.'), w]))
  const full = { ...optionsFrom(name, found), ...defined(options) }
  const { model: drawn, wanted, pairs, mismatches } = matched(name, full, found)
  if (mismatches.length > 0) {
    const twin = twinName(name)
    const ofTwin = matched(twin, { ...optionsFrom(twin, found), ...defined(options) }, found).mismatches
    throw mismatchError(name, mismatches, wanted.size, ofTwin.length < mismatches.length ? [twin, ofTwin.length] : [])
  }
  const editor = editGraph(drawn)
  for (const { key, stored, weight } of pairs) editor.set(key, float32Tensor(stored, weight))
  const parameters = [...wanted.values()].reduce((sum, t) => sum + elementCount(t.shape)!, 0)
  // No weight of an ordinary network is called `adder`.
  const alsoFits =
    parseNetName(name).adder && !pairs.some(({ key, stored }) => key !== stored) ? twinName(name) : undefined
  return { model: editor.model(), options: full, tensors: wanted.size, parameters, ignored, alsoFits }
}

/** A network, which weight goes where, and what does not fit. */
function matched(name: string, options: NamedNetOptions, found: ReadonlyMap<string, StoredWeight>) {
  const model = buildNet(name, options)
  const wanted = weightsOf(model.graph)
  const aliases = adderAliases(model.graph)
  const mismatches: WeightMismatch[] = []
  const pairs: { readonly key: string; readonly stored: string; readonly weight: StoredWeight }[] = []
  const used = new Set<string>()
  for (const [key, tensor] of wanted) {
    const alias = aliases.get(key)
    const stored = found.has(key) || alias === undefined ? key : alias
    const weight = found.get(stored)
    if (weight) used.add(stored)
    const mismatch = compare(alias ?? key, stored, tensor, weight)
    if (mismatch) mismatches.push(mismatch)
    else pairs.push({ key, stored, weight: weight! })
  }
  for (const [key, { shape }] of found)
    if (!used.has(key)) mismatches.push({ name: key, kind: 'unknown', problem: `[${shape}]` })
  return { model, wanted, pairs, mismatches }
}

const defined = (options: NamedNetOptions): NamedNetOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))

/** Options that can be read off the shapes of the weights. */
function optionsFrom(name: string, weights: ReadonlyMap<string, StoredWeight>): NamedNetOptions {
  const shapeOf = (weight: string | undefined) =>
    (weights.get(weight ?? '') ?? weights.get((weight ?? '').replace(/weight$/, 'adder')))?.shape
  const { graph } = buildNet(name)
  const weighted = graph.nodes.filter((n) => graph.initializers.has(n.inputs[1] ?? ''))
  const layers = weighted.filter((n) => ['Conv', 'AdderConv', 'Gemm'].includes(n.opType))
  const inChannels = shapeOf(layers[0]?.inputs[1])?.[1]
  const classes = shapeOf(layers.at(-1)?.inputs[1])?.[0]
  const residual = parseNetName(name).net.startsWith('resnet')
  const convBn = residual && shapeOf('fc.weight')?.length === 4
  const padded = residual && ![...weights.keys()].some((key) => key.includes('.downsample.'))
  return {
    ...(inChannels ? { inChannels } : {}),
    ...(classes ? { classes } : {}),
    ...(convBn ? { classifier: 'convBn' } : {}),
    ...(padded ? { shortcut: 'pad' } : {}),
  }
}

/** Learnt tensors of a network; constants of its arithmetic (bounds, pads) are scalars or integers. */
const weightsOf = ({ initializers }: Graph): Map<string, Tensor> =>
  new Map([...initializers].filter(([, t]) => t.elementType === 'float32' && t.shape.length > 0))

/** What the public AdderNet code calls the weights of adder layers, by our name. */
const adderAliases = ({ nodes }: Graph): Map<string, string> =>
  new Map(
    nodes.flatMap(({ opType, inputs: [, weight = ''] }: Node): [string, string][] =>
      opType === 'AdderConv' ? [[weight, weight.replace(/weight$/, 'adder')]] : [],
    ),
  )

function compare(
  name: string,
  stored: string,
  { shape }: Tensor,
  weight: StoredWeight | undefined,
): WeightMismatch | undefined {
  if (!weight) return { name, kind: 'missing', problem: `[${shape}]` }
  if (weight.shape.join() !== shape.join())
    return { name: stored, kind: 'shape', problem: `[${weight.shape}], the network has [${shape}]` }
  if (!floats.includes(weight.elementType))
    return { name: stored, kind: 'elementType', problem: `${weight.elementType ?? 'of a type that ONNX has not'}` }
  return undefined
}

function float32Tensor(name: string, weight: StoredWeight): Tensor {
  const { elementType = 'float32', shape } = weight
  const tensor: Tensor = { elementType, shape, data: inMemory(weight.bytes()) }
  const values = tensorValues(tensor)
  let bad = -1
  for (let i = 0; i < values.length && bad < 0; i++) if (!Number.isFinite(values[i])) bad = i
  if (bad >= 0)
    throw new KerfError(
      'wrong-weights',
      `Weight "${name}" holds ${values[bad]} (element ${bad}). Such a network calculates nothing; save its weights from an earlier epoch.`,
      { name },
    )
  return elementType === 'float32' ? tensor : tensorOf('float32', shape, values)
}

const titles: readonly (readonly [WeightMismatch['kind'], string])[] = [
  ['missing', 'The file lacks'],
  ['unknown', 'The network has no'],
  ['shape', 'Other shapes'],
  ['elementType', 'Not floats'],
]

/** Of each kind, so many are named in the message; `details` has them all. */
const namedOfAKind = 12

/** @param better a network that they fit better, and how many do not fit it */
function mismatchError(
  name: string,
  mismatches: readonly WeightMismatch[],
  wanted: number,
  [better, left]: [] | [name: string, mismatches: number],
): KerfError {
  const lists = titles.map(([kind, title]) => {
    const those = mismatches.filter((m) => m.kind === kind).map((m) => `${m.name} ${m.problem}`)
    return those.length === 0 ? '' : `\n  ${title}:${indentedLines(those, namedOfAKind, '    ')}`
  })
  const remedy =
    better === undefined
      ? 'Choose the network that they were saved from, and its sizes.'
      : `${left === 0 ? 'They all fit' : `All but ${left} fit`} ${better}: choose that with --net ${better}.`
  return new KerfError(
    'wrong-weights',
    `${mismatches.length} weights do not fit ${name}, which has ${wanted}. ${remedy}${lists.join('')}`,
    { net: name, mismatches, better },
  )
}
