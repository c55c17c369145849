/** A value [batch, channels, height, width]; flattened [batch, channels], with height and width 1. */
export interface FeatureMap {
  readonly value: string
  readonly channels: number
  readonly height: number
  readonly width: number
}

export interface ConvSpec {
  readonly outChannels: number
  /** 1 by default. */
  readonly kernel?: number | readonly [height: number, width: number]
  /** 1 by default. */
  readonly stride?: number
  /** Zeros on every side; by default half the kernel, which keeps the size at stride 1. */
  readonly padding?: number
  /** 1 by default. */
  readonly groups?: number
  /** No bias by default: BatchNormalization follows. */
  readonly bias?: boolean
  /** The last layer of a residual branch, without BatchNormalization after it. */
  readonly residual?: boolean
  /** Stays an ordinary convolution whatever the network's body is made of: stems and classifiers. */
  readonly ordinary?: boolean
}

export interface PoolSpec {
  readonly kernel: number
  readonly stride: number
  /** 0 by default. */
  readonly padding?: number
  /** Lets a last window hang over the edge. */
  readonly ceilMode?: boolean
}
