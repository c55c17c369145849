import type { Model } from '../graph/index.ts'
import type { Initialization } from './init.ts'

/**
 * The operator that stands for convolution in a network's body: `Conv`, or one with the same inputs and attributes. Stem and
 * classifier stay ordinary.
 */
export interface ConvolutionOperator {
  /** The operator's name. */
  readonly opType: string
  /** Its domain; empty for ONNX's own. */
  readonly domain: string
  /** Standard deviation of the weights, for outputs that are sums of `fanIn` terms. */
  readonly weightDeviation: (fanIn: number) => number
}

/** Options that every network takes. */
export interface NetOptions {
  /** Draws the weights; 0 by default. The same seed gives the same weights everywhere. */
  readonly seed?: number
  /** Outputs of the classifier; by default those of the data set that the network was published for. */
  readonly classes?: number
  /** Channels of the input image; by default those of the data set that the network was published for. */
  readonly inChannels?: number
  /** Height and width of the input image in pixels; by default those that the network was published with. */
  readonly inputSize?: number | readonly [height: number, width: number]
  /** First dimension of input and output: a size, or the name of a symbolic dimension; 'N' by default. */
  readonly batch?: number | string
  /** Distributions of the weights, where they differ from `defaultInitialization`. */
  readonly initialization?: Partial<Initialization>
  /** What convolves in the network's body; ordinary convolution by default. */
  readonly convolution?: ConvolutionOperator
}

/** Builds a network: ONNX opset 17, float32, NCHW; input `input` [batch, inChannels, height, width], output `logits` [batch, classes]. */
export type Net = (options?: NetOptions) => Model
