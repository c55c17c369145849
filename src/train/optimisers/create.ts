import { type AdamWOptions, adamW } from './adamw.ts'
import type { CommonOptions, Optimiser } from './optimiser.ts'
import { type SgdOptions, sgd } from './sgd.ts'

/** Which optimiser, with its own settings. */
export type OptimiserOptions = ({ readonly kind: 'sgd' } & SgdOptions) | ({ readonly kind: 'adamw' } & AdamWOptions)

export const createOptimiser = (options: OptimiserOptions & CommonOptions): Optimiser =>
  options.kind === 'sgd' ? sgd(options) : adamW(options)
