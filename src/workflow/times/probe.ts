import { byteLengthOf, elementCount, isConcrete, isFloating, KerfError } from '../../base/index.ts'
import { type Analysis, editGraph, type GraphEditor, type Model, type ValueInfo } from '../../graph/index.ts'
import type { Unit, Work } from '../../prune/index.ts'

/*
 * A layer's time is a difference of two networks that move the same data in and out: one makes the layer many times, the other once. A run of the layer alone
 * would mostly move: an activation of 112² pixels is copied, and turned into the runtime's layout and back, in more time than a depthwise
 * convolution takes.
 *
 * Copies of a layer read the same input. Each has weights of its own, so that no runtime takes two for one, and weights come from where they come from in a network. What a
 * copy makes is read by a pooling that looks at one pixel in each channel: no output has to be moved, whatever layout it is in.
 *
 * Copies of a layer without weights would be one to a runtime that looks for equal nodes. They get inputs of their own; the other network pools those at once.
 */

/** A layer's time is (more − less) ÷ copies. */
export interface LayerProbe {
  readonly more: Model
  readonly less: Model
  /** How often `more` makes the layer beyond what `less` does. */
  readonly copies: number
}

/** What copies take together, about, in nanoseconds, so that their difference is more than the error of measuring. */
const enoughNs = 4e5
const mostCopies = 12
/** Of the weights of all copies. */
const mostBytes = 2 ** 25

/**
 * The networks that tell the time of a layer.
 * @throws KerfError `unknown-shape`
 */
export function probeOf(
  analysis: Analysis,
  unit: Unit,
  { macs, reads, writes }: Pick<Work, 'macs' | 'reads' | 'writes'>,
): LayerProbe {
  const stored = [...new Set(unit.nodes.flatMap((n) => n.inputs))].flatMap((i) => analysis.stored.get(i) ?? [])
  const weightBytes = stored.reduce((sum, t) => sum + byteLengthOf(t.elementType, elementCount(t.shape) ?? 0), 0)
  // Runtimes make about 10 MACs or move about one number in a nanosecond.
  const wanted = Math.min(mostCopies, Math.max(2, Math.ceil(enoughNs / (macs / 10 + reads + writes))))
  const fitting = Math.min(wanted, Math.floor(mostBytes / Math.max(1, weightBytes)) - 1)
  const hasWeights = stored.some((t) => t.shape.length > 0)
  if (unit.inputs.length === 0 || (hasWeights && fitting >= 1)) {
    const copies = Math.max(1, fitting)
    return {
      more: copiesOf(analysis, unit, copies + 1, 'weights'),
      less: copiesOf(analysis, unit, 1, 'weights'),
      copies,
    }
  }
  return { more: copiesOf(analysis, unit, wanted, 'inputs'), less: inputsAlone(analysis, unit, wanted), copies: wanted }
}

/** The part of a run of copies that a copy is taken for, where its time is too short to be seen. */
const leastPart = 0.05

/**
 * The time of a layer.
 * @param more milliseconds of `LayerProbe.more`
 * @param less of `LayerProbe.less`
 */
export const layerMs = ({ copies }: LayerProbe, more: number, less: number): number =>
  // A layer that takes next to nothing is within the error of measuring.
  Math.max((more - less) / copies, (leastPart * more) / (copies + 1))

/** The layer so many times, each with weights or with inputs of its own. */
function copiesOf(analysis: Analysis, unit: Unit, count: number, each: 'weights' | 'inputs'): Model {
  const editor = emptied(analysis)
  const { stored } = analysis
  const made = new Set(unit.nodes.flatMap((n) => n.outputs))
  const read = new Set(unit.nodes.flatMap((n) => n.inputs))
  const others = new Set(each === 'inputs' ? unit.inputs : [...read].filter((name) => stored.has(name)))
  for (let copy = 0; copy < count; copy++) {
    const own = (name: string) => (name !== '' && (made.has(name) || others.has(name)) ? `${name}~${copy}` : name)
    if (each === 'inputs' || copy === 0)
      for (const name of unit.inputs) addInput(editor, infoOf(analysis, name), own(name))
    if (each === 'weights') for (const name of others) editor.set(own(name), stored.get(name)!)
    editor.add(
      ...unit.nodes.map((node) => ({
        ...node,
        name: `${node.name}~${copy}`,
        inputs: node.inputs.map(own),
        outputs: node.outputs.map(own),
      })),
    )
    for (const name of unit.outputs) reduced(editor, infoOf(analysis, name), own(name))
  }
  return editor.dropDead().model()
}

/** The inputs of so many copies, and nothing between them and what reads one pixel. */
function inputsAlone(analysis: Analysis, unit: Unit, count: number): Model {
  const editor = emptied(analysis)
  for (let copy = 0; copy < count; copy++)
    for (const name of unit.inputs) {
      const own = `${name}~${copy}`
      addInput(editor, infoOf(analysis, name), own)
      reduced(editor, infoOf(analysis, name), own)
    }
  return editor.dropDead().model()
}

/** The network without inputs, outputs and nodes but those that make constants. */
function emptied({ model, constants }: Analysis): GraphEditor {
  const { nodes } = model.graph
  const editor = editGraph({ ...model, graph: { ...model.graph, inputs: [], outputs: [], valueInfo: new Map() } })
  // From this version on stored tensors are no inputs.
  return editor.setNodes(nodes.filter((n) => n.outputs.some((o) => constants.has(o)))).needsIrVersion(4)
}

type KnownInfo = ValueInfo & { readonly type: { readonly kind: 'tensor'; readonly shape: readonly number[] } }

const addInput = (editor: GraphEditor, { name, type }: KnownInfo, as = name): string =>
  editor.input(as, type.elementType, type.shape)

/** Makes a few of a value's elements an output. */
function reduced(editor: GraphEditor, { type: { elementType, shape } }: KnownInfo, name: string): void {
  const [, , height = 1, width = 1] = shape
  if (shape.length === 4 && isFloating(elementType)) {
    const pixel = editor.node('MaxPool', [name], { kernel_shape: [1, 1], strides: [height, width] })
    editor.output(pixel, { kind: 'tensor', elementType, shape: [...shape.slice(0, 2), 1, 1] })
    return
  }
  if (shape.length === 0 || (editor.opsetImports.get('') ?? 1) < slicesByInputs) {
    editor.output(name, { kind: 'tensor', elementType, shape })
    return
  }
  const starts = editor.ints(
    'starts',
    shape.map(() => 0),
  )
  const ends = editor.ints(
    'ends',
    shape.map(() => 1),
  )
  editor.output(editor.node('Slice', [name, starts, ends]), { kind: 'tensor', elementType, shape: shape.map(() => 1) })
}

/** The operator set from which on Slice takes what to cut as inputs. */
const slicesByInputs = 10

function infoOf({ values }: Analysis, name: string): KnownInfo {
  const { elementType, shape } = values.get(name) ?? {}
  if (elementType && isConcrete(shape)) return { name, type: { kind: 'tensor', elementType, shape } }
  throw new KerfError(
    'unknown-shape',
    `The shape of "${name}" is not known before the model runs, so the layer cannot be timed.`,
    { value: name },
  )
}
