import type { Model } from '../graph/index.ts'
import { buildNet } from '../nets/index.ts'
import { filesOf, readModelFile } from '../onnx/index.node.ts'

const builtIn = 'net:'

/** Help for an argument that names a model. */
export const modelArgument = 'an ONNX file, or net:NAME (kerf nets lists them)'

/** `net:resnet20` → `resnet20`; undefined for files. */
export const netNameOf = (given: string): string | undefined =>
  given.startsWith(builtIn) ? given.slice(builtIn.length) : undefined

/**
 * The model that an argument means: a file, or a network of Kerf's own by its name (`net:fasternet_t0`), its weights drawn from seed 0.
 * @throws KerfError `unknown-net`, and what reading a file throws
 */
export function givenModel(given: string): Model {
  const net = netNameOf(given)
  return net === undefined ? readModelFile(given) : buildNet(net)
}

/** The files that must not be overwritten with what is made of a model. */
export const filesOfGiven = (given: string, model: Model): string[] =>
  netNameOf(given) === undefined ? [given, ...filesOf(model)] : filesOf(model)
