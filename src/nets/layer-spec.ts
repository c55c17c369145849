/** A layer's path in the PyTorch model: `layer1.0.conv1`. Its node has that name, its weights PyTorch's names behind it. */
export type LayerName = string

/** A value [batch, channels, height, width]; flattened [batch, channels], with height and width 1. */
export interface FeatureMap {
  /** Its name in the graph. */
  readonly value: string
  /** How many it has. */
  readonly channels: number
  /** In pixels. */
  readonly height: number
  /** In pixels. */
  readonly width: number
}

/** A convolution. */
export interface ConvSpec {
  /** Filters. */
  readonly outChannels: number
  /** 1 by default. */
  readonly kernel?: number | readonly [height: number, width: number]
  /** 1 by default. */
  readonly stride?: number | readonly [height: number, width: number]
  /** Zeros on every side; by default half the kernel, which keeps the size at stride 1. */
  readonly padding?: number
  /** 1 by default. */
  readonly groups?: number
  /** No bias by default: BatchNormalization follows. */
  readonly bias?: boolean
  /** The last layer of a residual branch, without BatchNormalization after it. */
  readonly residual?: boolean
  /** Of the BatchNormalization behind it; 1e-5 by default. */
  readonly epsilon?: number
  /** Stays an ordinary convolution whatever the network's body is made of: stems and classifiers. */
  readonly ordinary?: boolean
}

/** A pooling window. */
export interface PoolSpec {
  /** Its side. */
  readonly kernel: number
  /** Its steps. */
  readonly stride: number
  /** 0 by default. */
  readonly padding?: number
  /** Lets a last window hang over the edge. */
  readonly ceilMode?: boolean
}
