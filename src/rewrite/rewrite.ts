import type { Random, Turn } from '../base/index.ts'
import type { Analysis, GraphEditor, Node } from '../graph/index.ts'
import type { Settings } from './settings.ts'

/**
 * What layers become: others, mostly cheaper ones. One file, one object; `rewriteModel` takes any such object.
 *
 *     const pointwise: Rewrite = {
 *       ...{ name: 'pointwise', title: '1×1 convolutions', source: '' },
 *       ...{ summary: 'Of every window the middle alone is left.', settings: {} },
 *       refusal: (layer) => convolutionRefusal(layer) ?? notOneByOne(layer),
 *       replace: ({ node }, { editor }) => { editor.add(…) … },
 *     }
 *
 * @typeParam S what can be set: ranks, numbers of groups, whether weights are kept
 */
export interface Rewrite<S extends object = object> {
  /** For the command line and for messages: `adder`. */
  readonly name: string
  /** What layers become, as in "3 layers for adder convolutions". */
  readonly title: string
  /** What it does, in one sentence. */
  readonly summary: string
  /** Paper and year; empty for what needs none. */
  readonly source: string
  /** What can be set, and what it is where nobody sets it; others are refused. */
  readonly settings: Settings<S>
  /** Version of ONNX's operator set from which on files can hold what is put in; by default any. */
  readonly opset?: number
  /**
   * True: what stands in the place of a layer gives nearly what the layer gave. Statistics behind it hold, and least squares on images brings it nearer. Default
   * false: the network must learn anew.
   */
  readonly approximates?: boolean
  /** Headers of the facts that `replace` gives, by their names. */
  readonly facts?: Readonly<Record<string, string>>
  /**
   * Why a layer cannot be taken; undefined: it can.
   * @param settings as they are
   */
  refusal(layer: RewriteLayer, settings: S): RewriteRefusal | undefined
  /** Why a layer that could be taken stays as it is unless somebody asks for it, in words. By default none does. */
  kept?(layer: RewriteLayer): string | undefined
  /**
   * Forms that a layer may take: targets choose among them (`RewriteOptions.target`). Absent: the settings alone say what becomes of a layer. Where a setting that they
   * set is undefined, and nobody gives a target, they are chosen by their energy.
   * @param context settings as they are, and what long loops await
   */
  variants?(layer: RewriteLayer, context: Pick<RewriteContext<S>, 'settings' | 'turn'>): Promise<readonly Variant<S>[]>
  /** Puts nodes in the place of a layer, by the context's editor: they make its outputs, of the same shape. */
  replace(layer: RewriteLayer, context: RewriteContext<S>): Replaced | Promise<Replaced>
}

/** A node of a network that is to be another one. */
export interface RewriteLayer {
  /** Its name, or that of its first output. */
  readonly name: string
  /** The node itself. For `replace` its constant inputs are initializers. */
  readonly node: Node
  /** Where it stands among the layers with weights: the first convolution, or the classifier, the last of all. */
  readonly place: 'first' | 'last' | undefined
  /** What is known of the network that it stands in. */
  readonly analysis: Analysis
}

/** Why a layer cannot be taken. */
export interface RewriteRefusal {
  /** Which kind of reason, in a word that does not change: `shared-weights` … */
  readonly code: string
  /** In words, as part of a sentence: `its weights are float16, not float32`. */
  readonly why: string
}

/** A form that a layer may take. */
export interface Variant<S extends object = object> {
  /** What makes it so, in the place of settings that are given. */
  readonly settings: Partial<S>
  /** Multiply–accumulates, as a part of the layer's. */
  readonly macs: number
  /** What is lost: ‖W − W′‖² ÷ ‖W‖², where W′ is what the new layers do together. */
  readonly error: number
}

/** What a rewrite works with. */
export interface RewriteContext<S extends object = object> {
  /** The only way to the new network. Nodes come to stand where the layer stood; what is read no longer goes by itself. */
  readonly editor: GraphEditor
  /** As they are. */
  readonly settings: S
  /**
   * Random numbers that follow from the seed and a name.
   * @param tensor that is drawn
   */
  random(tensor: string): Random
  /** To be awaited in long loops: lets others have their turn, and throws KerfError `aborted` where the signal says so. */
  readonly turn: Turn
}

/** What stands in the place of a layer. */
export interface Replaced {
  /** What the new nodes learn, and where it comes from. */
  readonly parameters: readonly {
    /** Of the initializer. */
    readonly name: string
    /** In words: `N(0, 1)`, `the layer`. */
    readonly from: string
  }[]
  /** ‖W − W′‖ ÷ ‖W‖, where W′ is what the new layers do together: with their weights as they are stored. */
  readonly weightError?: number
  /** Values that hold their channels in another order from now on: for each place, which channel comes there. */
  readonly reordered?: ReadonlyMap<string, readonly number[]>
  /** What else is to be said of it, by the names that `Rewrite.facts` has: an error, a rank. */
  readonly facts?: Readonly<Record<string, string | number>>
}
