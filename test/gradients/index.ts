import type { Cases } from '../gradient-check.ts'
import { arithmetic } from './arithmetic.ts'
import { layers } from './layers.ts'
import { matrices } from './matrices.ts'
import { pooling } from './pooling.ts'
import { reductions } from './reductions.ts'
import { shapes } from './shapes.ts'

/** What is checked of every operator that gradients pass, by family. */
export const gradientCases: Readonly<Record<string, Cases>> = {
  layers,
  pooling,
  matrices,
  arithmetic,
  reductions,
  shapes,
}
