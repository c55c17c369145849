import type { Cases } from '../gradient-check.ts'
import { activations } from './activations.ts'
import { arithmetic } from './arithmetic.ts'
import { layers } from './layers.ts'
import { matrices } from './matrices.ts'
import { microsoft } from './microsoft.ts'
import { movement } from './movement.ts'
import { normalisations } from './normalisations.ts'
import { pooling } from './pooling.ts'
import { recurrents } from './recurrent.ts'
import { reductions } from './reductions.ts'
import { sampling } from './sampling.ts'
import { shapes } from './shapes.ts'

/** What is checked of every operator that gradients pass, by family. */
export const gradientCases: Readonly<Record<string, Cases>> = {
  layers,
  pooling,
  normalisations,
  matrices,
  microsoft,
  recurrents,
  activations,
  arithmetic,
  reductions,
  shapes,
  movement,
  sampling,
}
