import { dirname } from 'node:path'
import type { Model } from '../graph/index.ts'
import { externalSource, FileSource } from './file-source.node.ts'
import { readModel } from './read.ts'
import { keptModel } from './write.ts'

/**
 * Reads an ONNX file of any size. Its weights, inside or in external files beside it, are read when their bytes are asked for: the files
 * must stay as they are for as long as the model is used.
 * @param path of an .onnx file
 * @throws KerfError `not-found`, `not-a-file`, `no-access`, and as `readModel`
 */
export function readModelFile(path: string): Model {
  const source = new FileSource(path)
  const folder = dirname(path)
  return source.whileOpen(() =>
    readModel(source, { name: path, external: (location) => externalSource(folder, location) }),
  )
}

/**
 * The files that a model's weights are read from when asked for: its own and its external ones, whether or not these exist.
 * @param model from `readModelFile`; one that was built has none
 */
export function filesOf(model: Model): string[] {
  return (keptModel(model)?.sources ?? []).filter((s) => s instanceof FileSource).map((s) => s.path)
}
