import type { Layout } from './ability.ts'
import type { Lifetime } from './arena.ts'
import type { Job } from './job.ts'

/** A value in one layout, with the time it is needed. Several values may share one (views). */
export interface Buffer extends Lifetime {
  /** How it lies in memory. uint8: codes, which kernels make and kernels read. */
  readonly elementType: 'float32' | 'uint8'
  /** The code that byte 0 is: 0, or -128 where codes have a sign. */
  readonly least: number
  /** As ONNX has it, [N, C, …], whatever the layout. */
  readonly shape: readonly number[]
  /** In which order the elements lie. */
  readonly layout: Layout
}

/** Channels of a value that lie side by side in each pixel of a buffer. */
export interface Run {
  /** Of a larger value, perhaps; channels last. */
  readonly buffer: Buffer
  /** Which of the buffer's channels the first of them is. */
  readonly first: number
  /** How many they are. */
  readonly count: number
  /** Which channel of the value the first of them is. */
  readonly at: number
  /** By how many channels of the value each of the others is further. */
  readonly step: number
}

/** A buffer as somebody sees it: a view may give it another shape. */
export interface Located {
  /** Where it lies: `Plan.offsets` has its place. Of a value in runs: the first one's. */
  readonly buffer: Buffer
  /** As ONNX has it, [N, C, …], whatever the layout. */
  readonly shape: readonly number[]
  /** In which order the elements lie. */
  readonly layout: Layout
  /**
   * Where it does not fill its buffer: where its channels lie. Only what a backend says it takes so lies so (`Ability.parts`), inputs of conversions, and
   * outputs of those that fill up what others have made.
   */
  readonly runs?: readonly Run[]
}

/** A node's work, and the places of its values; undefined for those that lie in no buffer: constants, and what the host keeps. */
export interface NodeTask {
  /** What is done. */
  readonly job: Job
  /** Per input of the node. */
  readonly inputs: readonly (Located | undefined)[]
  /** Per output of the node. */
  readonly outputs: readonly (Located | undefined)[]
}

/** One step of a plan. */
export type Task =
  | (NodeTask & {
      readonly kind: 'compute'
      /** What is added to the result. */
      readonly residual?: Located
    })
  /** The same elements in the other layout, or side by side: a copy. */
  | {
      readonly kind: 'convert'
      /** What is read. */
      readonly from: Located
      /** What is written. */
      readonly to: Located
    }
  /** Done by the operator's reference implementation, on values in ONNX's layout. */
  | (NodeTask & {
      readonly kind: 'host'
      /** What the node's bodies read from here. */
      readonly captured: ReadonlyMap<string, Located>
    })

export interface Schedule {
  readonly tasks: readonly Task[]
  /** Those that need memory of their own. */
  readonly buffers: readonly Buffer[]
  /** For each of the others, the one whose memory it takes over. */
  readonly homes: ReadonlyMap<Buffer, Buffer>
  readonly inputs: ReadonlyMap<string, Located>
  /** Graph outputs that lie in the kernels' memory; the others are host values. */
  readonly outputs: ReadonlyMap<string, Located>
}
