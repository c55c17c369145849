/** A line of metrics: after which update, in which epoch (1.5: in the middle of the second), and numbers by name. */
export interface Metrics {
  /** Updates done. */
  readonly step: number
  /** Epochs done; a fraction within one. */
  readonly epoch: number
  /** `train/loss`, `validation/accuracy` (in 0..1), `learningRate`, `imagesPerSecond` … */
  readonly [name: string]: number
}
