// Every kind of input.

import type { Target } from '../outcome.ts'
import { artificial } from './artificial.ts'
import { cut } from './cut.ts'
import { differential } from './differential.ts'
import { files } from './files.ts'
import { model } from './model.ts'
import { training } from './training.ts'

export const targets: ReadonlyMap<string, Target> = new Map(
  [model, ...files, differential, cut, training, artificial].map((t) => [t.name, t]),
)
