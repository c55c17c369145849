import type { Affine, Bounds, Dense, InferredCall, Known } from '../../../../graph/index.ts'
import type { AttributesOf, OpName } from '../../../../ops/index.ts'
import type { Ability, Codes, Layout, Parts } from '../../../../plan/index.ts'
import type { KnownWeights } from '../packing/weights.ts'
import type { SparseChoice } from '../steps/convolution/sparse-choice.ts'
import type { Allocator, Step } from '../steps/step.ts'
import type { PlacedRun } from '../steps/strides.ts'

/** A value in the kernels' memory: float32, whatever the model says, or codes as bytes. */
export interface Place {
  readonly address: number
  /** Of bytes: the code that byte 0 is. */
  readonly least?: number
  /** As ONNX has it: [N, C, spatial…]. */
  readonly shape: readonly number[]
  readonly layout: Layout
  /** Channels last: elements from one pixel to the next. The channels, unless a lowering takes `parts`. */
  readonly pixel: number
  /** Where its channels do not lie side by side and in order; `address` and `pixel` do not matter then. */
  readonly runs?: readonly PlacedRun[]
}

/** Where the channels of a value lie that has them last: all side by side, or run for run. */
export const runsOf = ({ address, pixel, shape, runs }: Place): readonly PlacedRun[] =>
  runs ?? [{ address, pixel, count: shape[1]!, at: 0, step: 1 }]

/** What a kernel does to its result before it is stored, instead of steps of their own. */
export interface Epilogue {
  /** A value of the output's shape and layout that is added first. */
  readonly residual?: number
  /** Then the result is clamped; -Infinity and Infinity for none. */
  readonly lo: number
  readonly hi: number
}

/** One node at the moment of being turned into steps: every address is known. */
export interface LoweringContext<A = unknown> {
  readonly call: InferredCall<A>
  /** An input that is computed while running, in the layout that the lowering asked for: float32, or bytes where `inputCodes` or `bytes` say so. */
  input(index: number): Place
  /** Whether an input is known now; its content in ONNX's layout. Undefined for inputs that are computed or left out. */
  constant(index: number): Dense | undefined
  /** The same as float32 values; they may be the model's own, and are only read. */
  floats(index: number): Float32Array | undefined
  /** The same when it is asked for: large weights are read piece by piece where they lie in a file. */
  pieces(index: number): KnownWeights | undefined
  output(index: number): Place
  /** What is known of a computed input before running; undefined where it may be anything. */
  bounds(index: number): Bounds | undefined
  readonly epilogue: Epilogue
  /** Whether an input of codes, or output 0, is held less its zero point. Only for lowerings that have `zeroPoints`. */
  isCentred(index: number): boolean
  readonly makesCentred: boolean
  /** Only for lowerings that say they fold it. */
  readonly affine?: Affine
  /** Input 0 is given as codes, one byte each. */
  readonly inputCodes?: Codes
  /** Output 0 is wanted as codes, one byte each. */
  readonly outputCodes?: Codes
  /** When products with weights of 0 are left out. */
  readonly sparse: SparseChoice
  readonly alloc: Allocator
  /** The same for lowerings that pack each stored input once, by `once` alone: it is packed once for all plans of a session. */
  readonly packing: Allocator
}

/** How one operator is turned into kernel calls: what the planner needs to know of it, and the doing. */
export interface Lowering<A = unknown>
  extends Omit<Ability, 'layout' | 'alias' | 'zeroPoints' | 'bytes' | 'ofCodes' | 'toBytes' | 'parts'> {
  readonly layout: Ability['layout'] | ((call: InferredCall<A>) => Ability['layout'])
  readonly alias?: (call: InferredCall<A>) => boolean
  readonly parts?: Parts | ((call: InferredCall<A>, isConstant: (input: number) => boolean) => Parts | undefined)
  readonly zeroPoints?: Ability['zeroPoints'] | ((call: InferredCall<A>) => Ability['zeroPoints'])
  /** Why this node cannot be done by kernels (the reference does it then), or undefined. */
  readonly refuses?: (call: InferredCall<A>, isConstant: (input: number) => boolean) => string | undefined
  /** With its codes as bytes, unless it refuses. */
  readonly bytes?: Lowering<A>
  readonly ofCodes?: Lowering<A>
  readonly toBytes?: Lowering<A>
  readonly lower: (context: LoweringContext<A>) => Step[]
}

/** The kernels' side of every operator that they do. */
export type Lowerings = { readonly [N in OpName]?: Lowering<AttributesOf<N>> }

/** Shape of an input or an output; a plan is only made when all are known. */
export function shapeOf(known: Known | undefined): readonly number[] {
  return (known?.shape ?? []) as readonly number[]
}

/** Sizes of a value as [batch, height, width, channels]; 3-D values have height 1. */
export function sizesOf(shape: readonly number[]): { batch: number; height: number; width: number; channels: number } {
  const [batch = 1, channels = 1] = shape
  const spatial = shape.slice(2)
  const width = spatial.at(-1) ?? 1
  return { batch, channels, width, height: spatial.slice(0, -1).reduce((p, d) => p * d, 1) }
}
