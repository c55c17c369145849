import type { CodeWeights } from '../../packing/codes.ts'
import type { WeightOrder } from '../../packing/convolution.ts'
import type { PlacedRun } from '../strides.ts'

/** What a layer of codes reads and writes. */
export interface CodeTensors {
  /** Addresses of bytes. */
  readonly x: number
  readonly y: number
  /** Bytes from one pixel to the next; by default the layer's channels. */
  readonly xPixel?: number
  readonly yPixel?: number
  /** Where the channels of x lie, of 1×1 windows without padding: in place of `x` and `xPixel`. */
  readonly xRuns?: readonly PlacedRun[]
  /** What stands for 0 in x and y, within a byte. */
  readonly xZero: number
  readonly yZero: number
  /** As ONNX has them, [O, C/groups, kernel], or, of layers that are not depthwise, as `order` says; less their zero points. */
  readonly weights: CodeWeights
  readonly order?: WeightOrder
  /** In steps of the sums. */
  readonly bias?: ArrayLike<number>
  /** Of each output channel: scale of x · scale of its weights / scale of y. */
  readonly factors: ArrayLike<number>
  /** Codes of y are clamped to [lo, hi]. */
  readonly lo: number
  readonly hi: number
}
