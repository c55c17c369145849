import { isConcrete, type Operand } from '../base/index.ts'
import type { AttributeReader } from './attributes.ts'
import type { BackwardRule, GradientEmitter } from './backward.ts'
import type { Call, Dense, InferredCall, Known } from './call.ts'
import type { ChannelRule } from './channels.ts'
import type { Control, ControlRule, Unfolding } from './control.ts'
import type { FunctionDefinition, Node, Tensor } from './model.ts'
import type { TrainingRule } from './training.ts'

/*
 * What an operator says about itself. The walks (shapes, costs, pruning) ask these questions of every node and never look at its name.
 */

/**
 * Arithmetic of one node, in operations, by the conventions of `docs/cost.md`. Multiplications and additions are never summed.
 */
export interface Arithmetic {
  /** Multiply–accumulates of a convolution or linear layer, bias not included; 0 for every other operator. */
  readonly macs?: number
  /** Additions and subtractions, biases and the accumulators' first additions included. */
  readonly adds?: number
  /** Multiplications, those of MACs included. */
  readonly muls?: number
  /** Divisions, comparisons, roots, exponentials and other function values: one per evaluation. */
  readonly others?: number
  /** Accumulators: how many additions the strict count has less, because a sum of n terms takes n - 1. */
  readonly accumulators?: number
}

/** What a node with weights costs, of P positions, K taps, C_in and C_out channels, g groups. */
export interface NodeLaw {
  /** Each as a formula in these letters, or as how many each of P·K·C_in·C_out/g terms takes. */
  readonly law: {
    /** Multiply–accumulates. */
    readonly macs: Operand
    /** Multiplications that they are made of. */
    readonly muls: Operand
    /** Additions that they are made of; a bias is not in it. */
    readonly adds: Operand
  }
  /** What P is the product of: the batch, and the sizes of space; of matrices the rows. */
  readonly positions: readonly number[]
  /** What K is the product of: the window's sizes; none of matrices. */
  readonly kernel: readonly number[]
  /** Channels that come in. */
  readonly C_in: number
  /** Channels that go out. */
  readonly C_out: number
  /** Groups. */
  readonly g: number
}

/** Elements that a node moves, where that is not "every input and every output element once". */
export interface Accesses {
  /** Per input. */
  readonly reads: readonly number[]
  /** Per output. */
  readonly writes: readonly number[]
}

/** How a node joins its neighbours in the fused count; none: it stands alone. */
export type Fusion =
  /** Starts a fused group: convolutions and linear layers. */
  | 'anchor'
  /** Depthwise or pointwise convolution: starts a group, and a pointwise one also joins the depthwise one before it. */
  | 'depthwise'
  | 'pointwise'
  /** Joins the group that made its first input: BatchNormalization, activations. */
  | 'follower'

/** Every element lies in [lo, hi], but for rounding of hi. */
export interface Bounds {
  /** May be -Infinity. */
  readonly lo: number
  /** May be Infinity. */
  readonly hi: number
}

/** y = x · scale[c] + shift[c]. */
export interface Affine {
  /** Per channel. */
  readonly scale: Float32Array
  /** Per channel. */
  readonly shift: Float32Array
}

/** Numbers as whole ones: x = scale·(code − zeroPoint). */
export interface CodeScale {
  readonly scale: number
  readonly zeroPoint: number
}

/** The content of `input`, by its index, where it is known before anything runs. */
export type ContentOf = (input: number) => Dense | undefined

/**
 * Elements that lie side by side along an axis of an input.
 * @internal
 */
export interface Picked {
  /** Which input, by its index. */
  readonly input: number
  /** The first of them. */
  readonly first: number
  /** How many. */
  readonly count: number
}

/**
 * What outputs are made of, along one axis; all other axes are those of the inputs.
 * @internal
 */
export interface Picks {
  /** Counted from the first. */
  readonly axis: number
  /** Per output what it is made of, one behind the other. */
  readonly outputs: readonly (readonly Picked[])[]
}

/** What a node does to its first input that whoever makes that may do before it is stored. */
export type Epilogue =
  /** Y = min(max(X, lo), hi) */
  | ({ readonly kind: 'clamp' } & Bounds)
  /** Channels are scaled and shifted, by what these inputs hold. */
  | {
      readonly kind: 'affine'
      /** Indices of inputs of the node. */
      readonly parameters: readonly number[]
      /** Which of these inputs is simply added in the end; undefined where none is. */
      readonly added?: number
      /** Scale and shift from what those inputs hold. */
      readonly from: (parameters: readonly ArrayLike<number>[]) => Affine
    }
  /** Its only other input, of the same shape, is added. */
  | { readonly kind: 'sum' }

/** Where codes, scales and zero points stand among a node's inputs. */
export interface QuantisedSlots {
  readonly operands: readonly { readonly x: number; readonly scale: number; readonly zero: number }[]
  readonly out: { readonly scale: number; readonly zero: number }
}

/** An operator that does to codes what another one does to numbers: QuantizeLinear(f(DequantizeLinear(A), …)). */
export interface Quantises<A> {
  /** f. */
  readonly operator: OperatorFacts
  readonly slots: (call: Call<A>) => QuantisedSlots
  /** The node as one of f, on numbers. */
  readonly plain: (call: InferredCall<A>) => InferredCall
}

/**
 * What an operator takes, input by input, by ONNX's names: `X [N, C, …]`, `W [M, …]`, `B? [M]`. `?`: it may be left out; `…`: one or more such inputs, `*`: none or
 * more, both at the end. Behind the name stands the shape, where not any will do: a letter is a size, the same wherever it stands, `_` any size, a number that
 * size, `…` any number of axes. `w_scale (M)` is one element, or a vector of M; `axis (1)` is one element.
 */
export type Signature = readonly string[]

/**
 * What is asked of an operator before anything is calculated: what its nodes are and what they cost.
 *
 * @typeParam A what the attributes of a node are read into. Walks hold operators of all kinds, each beside the call that its own `attributes`
 *   made: TypeScript cannot tell that the two fit, so without an argument an operator takes any call.
 * @typeParam N its ONNX name
 * @typeParam D its domain
 */
// biome-ignore lint/suspicious/noExplicitAny: of all types only `any` stands for attributes that are not known and still may be handed on.
export interface OperatorFacts<A = any, N extends string = string, D extends string = string> {
  /** ONNX name. */
  readonly name: N
  /** '' for the standard domain. */
  readonly domain: D
  /** What its nodes take, checked before anything else is asked; from the operator set's version where that changed. */
  readonly inputs: Signature | ((opset: number) => Signature)
  /** Reads a node's attributes, by the version `opset` of the operator's domain, with ONNX's defaults. */
  readonly attributes: (reader: AttributeReader, opset: number) => A
  /**
   * The outputs' types (and values, where they follow from shapes alone, as for Shape).
   * @throws NodeError when inputs and attributes do not fit together
   */
  readonly infer: (call: Call<A>) => (Known | undefined)[]
  /** False: what it makes does not follow from the content of its inputs, but from their shapes, from chance, or from bodies that run. */
  readonly computable?: false
  /** The scalar reference is a fact of operators that files calculate shapes and stored values with: arithmetic, and what moves elements. */
  readonly forward?: ForwardRule<A>
  /** 'zero': the outputs do not change with the inputs wherever there is a derivative (Floor, Sign). */
  readonly gradient?: 'zero'
  /** Its backward rule is not the derivative but what training uses in its place, as the rule's own formula says. */
  readonly surrogate?: boolean
  /**
   * Inputs of whole numbers that carry a gradient all the same, per unit of these numbers: quantised values, as if nothing had been rounded
   * (Bengio, Léonard and Courville 2013, arXiv:1308.3432).
   */
  readonly straightThrough?: readonly number[]
  /** Flattens what comes in at some places or at all ends, so that differences in front may not show behind: Sigmoid, Relu, Softmax. */
  readonly saturates?: boolean
  /** The tensor that a node of this kind stands for, when it depends on no data: Constant, ConstantOfShape. Lazy: nothing is read. */
  readonly stored?: (call: Call<A>) => Tensor | undefined
  /** 'none': moves or renames data without arithmetic. 'data-dependent': how much it computes is not known before it runs. */
  readonly cost: 'none' | 'data-dependent' | ((call: InferredCall<A>) => Arithmetic)
  /** Of convolutions and products of matrices: the formulas that its MACs follow. `cost` gives the same numbers. */
  readonly law?: (call: InferredCall<A>) => NodeLaw | undefined
  /** 'view': same bytes under another shape, nothing moves. Default: each input element read once, each output element written once. */
  readonly accesses?: 'view' | ((call: InferredCall<A>) => 'view' | Accesses | undefined)
  /**
   * Inputs that are learnable parameters where they are constant. 'operands': every constant floating-point input with more than
   * one element (a bias as Add, BatchNormalization as Mul and Add); scalars there are constants of a formula.
   */
  readonly parameters?: readonly number[] | 'operands'
  /**
   * Of nodes with sizes as numbers, in which a file may fix the batch, as in a Reshape to [1, -1]: numbers for a batch of any size.
   * @param call at the sizes of the file
   * @param axis of input 0 on which the batch lies
   * @param size of the batch there
   * @returns content of inputs, by their index, and of attributes, by their name; undefined where there is none that gives every image what it gets now
   */
  readonly freeBatch?: (
    call: InferredCall<A>,
    axis: number,
    size: number,
  ) => ReadonlyMap<number | string, readonly number[]> | undefined
  /** How a node joins its neighbours in the fused count; left out: it stands alone. */
  readonly fusion?: Fusion | ((call: InferredCall<A>) => Fusion | undefined)
  /** What a node does to its first input that the kernel before may do as well. */
  readonly epilogue?: (call: InferredCall<A>, content: ContentOf) => Epilogue | undefined
  /** Where the elements of its first output lie, from where those of its inputs do. Left out: anywhere, but for views, which keep them, and clamps. */
  readonly range?: (inputs: readonly Bounds[], call: InferredCall<A>, content: ContentOf) => Bounds
  /** The elements of its input under their places: axis i of the output is axis `permutes(call)[i]` of the input. */
  readonly permutes?: (call: InferredCall<A>) => readonly number[]
  /**
   * Its outputs are elements of its inputs along one axis: cut off, put side by side, in another order. Undefined where this node does more, or it is not
   * known what.
   * @internal
   */
  readonly picks?: (call: InferredCall<A>) => Picks | undefined
  /**
   * That it makes codes of numbers, or numbers of codes: by which scale, where that is one known number for all.
   * @internal
   */
  readonly codes?: {
    readonly role: 'makes' | 'reads'
    readonly scale: (call: InferredCall<A>, content: ContentOf) => CodeScale | undefined
  }
  /**
   * That it is another operator's form for quantised numbers.
   * @internal
   */
  readonly quantises?: Quantises<A>
  /**
   * What it does with the graphs that it holds: If, Loop, Scan. Its cost is theirs.
   * @internal
   */
  readonly control?: Control<A>
  /**
   * Puts what the node is made of in its place, where what is known of its inputs decides that: the branch that is taken, a loop's rounds, a sequence's
   * elements.
   * @returns false: it stays, and nothing was put anywhere
   * @internal
   */
  readonly unfold?: (call: Call<A>, to: Unfolding) => boolean
}

/**
 * Called by `runForward` with the content of every input, which `call.inputs` holds too; returns that of every output. Fewer outputs: this node, as
 * it is, cannot be computed so (elements that are no numbers).
 */
export type ForwardRule<A> = (call: Call<A>, inputs: readonly (Dense | undefined)[]) => Dense[]

/** How an operator calculates: for those who run networks. */
export interface Reference<A> {
  /** Scalar reference, where the facts have none. Left out: kernels or bodies do it. */
  readonly forward?: ForwardRule<A>
  /**
   * Runs the bodies of a node of `control`.
   * @internal
   */
  readonly run?: ControlRule<A>
}

/** What pruning asks of an operator. */
export interface Pruning<A> {
  /** What is tied to what when channels are removed. Left out: all that reach it stay. */
  readonly channels?: ChannelRule<A>
}

/** What training asks of an operator. */
export interface Training<A> {
  /**
   * Gradients of the inputs. Undefined: gradients do not pass. Exact where the operator has a derivative; at a kink any value between those on
   * both sides.
   */
  readonly backward?: BackwardRule<A>
  /**
   * Instead of a backward rule, for operators that do one thing again and again: the same in nodes that gradients pass.
   * @returns per output the value that takes its place
   */
  readonly unrolled?: (call: InferredCall<A>, emit: GradientEmitter) => readonly string[]
  /** What a node of inference becomes while the network learns, where that is something else. */
  readonly training?: TrainingRule<A>
  /**
   * What a node that was exported for training is in inference; undefined where it is in inference, or cannot be.
   * @param isConstant whether input i is known before anything runs
   */
  readonly inference?: (call: Call<A>, isConstant: (input: number) => boolean) => Node | undefined
}

/** An operator with all that it says. Sets for those who only count, or only run, leave out the rest. */
// biome-ignore lint/suspicious/noExplicitAny: as of OperatorFacts.
export interface Operator<A = any, N extends string = string, D extends string = string>
  extends OperatorFacts<A, N, D>,
    Reference<A>,
    Pruning<A>,
    Training<A> {}

/** What a node moves: `undefined` where every element of inputs and outputs once. */
export function accessesOf(operator: OperatorFacts, call: InferredCall): 'view' | Accesses | undefined {
  if (typeof operator.accesses !== 'function') return operator.accesses
  // What an operator counts are elements: where a shape is not known there is nothing to count.
  const isOpen = (known: Known | undefined) => known !== undefined && !isConcrete(known.shape)
  return call.inputs.some(isOpen) || call.outputs.some(isOpen) ? undefined : operator.accesses(call)
}

/** An operator that is nothing but others put together. It has no facts of its own: walks see what it stands for (`inlineFunctions`). */
export interface Composite {
  /** ONNX name. */
  readonly name: string
  /** Of its operator set. */
  readonly domain: string
  /**
   * What stands for a node of this kind.
   * @param opset version of the standard operators in the model
   * @returns what a node stands for, as a function whose inputs and outputs are the node's; undefined: for itself
   * @throws NodeError where an attribute says what does not exist
   */
  body(node: Node, opset: number): CompositeBody | undefined
}

/** A composite's body. */
export interface CompositeBody extends FunctionDefinition {
  /** The node of the body that bears the composite node's own name: the layer of a fused one. */
  readonly main: Node | undefined
}

/** The operators that a walk can ask. */
export interface OperatorSet {
  /** The operator `opType` of `domain` ('' for the standard one); undefined: it is not known. */
  get(domain: string, opType: string): Operator | undefined
  /** The composite `opType` of `domain`: one of those that are nothing but others put together. */
  composite?(domain: string, opType: string): Composite | undefined
}

const keyed = <T extends { readonly domain: string; readonly name: string }>(list: readonly T[]) =>
  new Map(list.map((o) => [`${o.domain}:${o.name}`, o]))

/**
 * A set with operators of one's own, or with others in the place of those that it has.
 * @param set whose other operators these stand beside: `operators`, or what is enough for the purpose
 * @param own of two of one name, the later one counts
 * @param ownComposites those that are nothing but others put together
 */
export function withOperators(
  set: OperatorSet,
  own: readonly Operator[],
  ownComposites: readonly Composite[] = [],
): OperatorSet {
  const added = operatorSet(own, ownComposites)
  return {
    get: (domain, opType) => added.get(domain, opType) ?? set.get(domain, opType),
    composite: (domain, opType) => added.composite?.(domain, opType) ?? set.composite?.(domain, opType),
  }
}

/** A set of these operators. Of two with one name the later one is in it. */
export function operatorSet(operators: readonly Operator[], composites: readonly Composite[] = []): OperatorSet {
  const byName = keyed(operators)
  const compositesByName = keyed(composites)
  return {
    get: (domain, opType) => byName.get(`${domain}:${opType}`),
    composite: (domain, opType) => compositesByName.get(`${domain}:${opType}`),
  }
}
