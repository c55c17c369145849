import { fileURLToPath } from 'node:url'
import { boundedBy } from '../base/index.ts'
import type { Model } from '../graph/index.ts'
import { type ModelAtHand, type ModelSource, modelOf as modelInCore, type OpenModelOptions } from './open.ts'
import { readModelFile } from './read-file.node.ts'

/** `modelOf` that knows paths: a file's weights are read when they are needed. */
export function modelOf(source: ModelAtHand, options?: OpenModelOptions): Model
export function modelOf(source: ModelSource, options?: OpenModelOptions): Model | Promise<Model>
export function modelOf(source: ModelSource, options?: OpenModelOptions): Model | Promise<Model> {
  const path = pathOf(source)
  return path === undefined
    ? modelInCore(source, options)
    : boundedBy(options ?? {}, () => Promise.resolve(path).then(readModelFile))
}

/** `openModel` that knows paths, likewise. */
export const openModel = async (source: ModelSource, options?: OpenModelOptions): Promise<Model> =>
  modelOf(source, options)

function pathOf(source: ModelSource): string | undefined {
  if (source instanceof URL) return source.protocol === 'file:' ? fileURLToPath(source) : undefined
  if (typeof source !== 'string' || /^https?:/i.test(source)) return undefined
  return /^file:/i.test(source) ? fileURLToPath(source) : source
}
