import type { Layout } from './ability.ts'
import type { Lifetime } from './arena.ts'
import type { Job } from './job.ts'

/** A value in one layout, with the time it is needed. Several values may share one (views). */
export interface Buffer extends Lifetime {
  /** How it lies in memory. uint8: codes, which kernels make and kernels read (codes.ts). */
  readonly elementType: 'float32' | 'uint8'
  readonly shape: readonly number[]
  readonly layout: Layout
}

/** A buffer as somebody sees it: a view may give it another shape. */
export interface Located {
  readonly buffer: Buffer
  readonly shape: readonly number[]
  readonly layout: Layout
}

export type Task =
  | {
      readonly kind: 'compute'
      readonly job: Job
      readonly inputs: readonly (Located | undefined)[]
      readonly outputs: readonly (Located | undefined)[]
      readonly residual?: Located
    }
  /** The same elements in the other layout. */
  | { readonly kind: 'convert'; readonly from: Located; readonly to: Located }
  /** Done by the operator's reference implementation, on values in ONNX's layout. */
  | {
      readonly kind: 'host'
      readonly job: Job
      readonly inputs: readonly (Located | undefined)[]
      readonly outputs: readonly (Located | undefined)[]
      /** What the node's bodies read from here. */
      readonly captured: ReadonlyMap<string, Located>
    }

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
