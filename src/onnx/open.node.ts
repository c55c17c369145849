import { fileURLToPath } from 'node:url'
import type { Model } from '../graph/index.ts'
import { type ModelSource, openModel as openInCore } from './open.ts'
import type { ReadOptions } from './read.ts'
import { readModelFile } from './read-file.node.ts'

/** `openModel` that knows paths: a file's weights are read when they are needed. */
export async function openModel(source: ModelSource, options: ReadOptions = {}): Promise<Model> {
  const path = pathOf(source)
  return path === undefined ? openInCore(source, options) : readModelFile(path)
}

function pathOf(source: ModelSource): string | undefined {
  if (source instanceof URL) return source.protocol === 'file:' ? fileURLToPath(source) : undefined
  if (typeof source !== 'string' || /^https?:/i.test(source)) return undefined
  return /^file:/i.test(source) ? fileURLToPath(source) : source
}
