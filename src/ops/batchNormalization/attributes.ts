export interface BatchNormalizationAttributes {
  readonly perElement: boolean
  readonly training: boolean
  readonly epsilon: number
  /** How much of the running statistics stays in training. */
  readonly momentum: number
}
