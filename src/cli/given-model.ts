import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { filesOf, readModelFile } from '../api/files.node.ts'
import { inFloat32, type Model } from '../api/graph.ts'
import { buildNet, netNameOf } from '../api/nets.ts'
import { KerfError } from '../base/index.ts'
import { designModel, isDesign } from './design.ts'
import type { Io } from './io.ts'

/** Help for an argument that names a model. */
export const modelArgument =
  'an ONNX file, the folder of a run, net:NAME, or design:NAME,c=96,k=3 (kerf nets lists the names)'

/** Whether an argument names a model that Kerf builds, and that lies in no file. */
export const isBuiltIn = (given: string): boolean => netNameOf(given) !== undefined || isDesign(given)

export const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

/**
 * The file that an argument means: of a run's folder the best network, or where none was chosen the last.
 * @throws KerfError `not-found` for a folder without one
 */
export function modelFile(given: string): string {
  if (!isFolder(given)) return given
  const found = ['best.onnx', 'last.onnx'].map((name) => join(given, name)).find((file) => existsSync(file))
  if (found !== undefined) return found
  throw new KerfError(
    'not-found',
    `${given} has no best.onnx or last.onnx. Give an ONNX file, or the folder of a run.`,
    { path: given },
  )
}

/** `modelFile`, for an argument of several. */
export const modelFiles = (given: string, before: readonly string[] = []): string[] => [...before, modelFile(given)]

/**
 * The model that an argument means: a file, or a network of Kerf's own by its name (`net:fasternet_t0`) or a layer or block (`design:separable,c=96`),
 * weights drawn from seed 0.
 * @throws KerfError `unknown-net`, `bad-design`, and what reading a file throws
 */
export function givenModel(given: string): Model {
  if (isDesign(given)) return designModel(given)
  const net = netNameOf(given)
  return net === undefined ? readModelFile(given) : buildNet(net)
}

/** The same in float32, where images or training change it: with halves every step would round. Said, since it is written so. */
export function learning(model: Model, io: Io): Model {
  const widened = inFloat32(model)
  if (widened !== model) io.err('kerf: the model has 16-bit floats; what is written has float32 in their place.\n')
  return widened
}

/** The files that must not be overwritten with what is made of a model. */
export const filesOfGiven = (given: string, model: Model): string[] =>
  isBuiltIn(given) ? filesOf(model) : [given, ...filesOf(model)]
