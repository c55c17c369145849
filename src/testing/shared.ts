// Where ../shared lies (reference numbers, model structures, the ONNX project's own tests), and runnable copies of its models.
// A user's clone has no ../shared: tests that need it are skipped, and say why.

import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const sharedFolder = fileURLToPath(new URL('../../../shared', import.meta.url))

export const hasShared = existsSync(join(sharedFolder, 'models'))

/**
 * `describe` for tests that need ../shared. Without it the body, which may read files of it, is not run at all (`describe.skip` would run
 * it to collect its tests): one skipped test stands for all, with the reason in its name.
 */
export function describeShared(name: string, body: () => void): void {
  if (hasShared) describe(name, body)
  else describe(name, () => it.skip('(skipped: there is no ../shared beside this checkout)', () => {}))
}

/** Path of a file in ../shared. */
export const sharedPath = (...parts: string[]): string => join(sharedFolder, ...parts)

const onnxFilesIn = (folder: string): string[] =>
  hasShared
    ? readdirSync(sharedPath(folder))
        .filter((file) => file.endsWith('.onnx'))
        .sort()
    : []

/** Names of the networks in ../shared/models: `alexnet`, `densenet121` … */
export const modelNames: readonly string[] = onnxFilesIn('models').map((file) => basename(file, '.onnx'))

/** The file in ../shared/models: structure and small tensors only, its large weights in an external file that is not there. */
export const modelPath = (name: string): string => sharedPath('models', `${name}.onnx`)

/** Paths of the nine classic networks whose weights are ConstantOfShape nodes. */
export const lightModelPaths: readonly string[] = onnxFilesIn('onnx/light').map((file) =>
  sharedPath('onnx/light', file),
)

/** The reference numbers of ../shared/reference/networks.json. */
export const networks = (): unknown => JSON.parse(readFileSync(sharedPath('reference/networks.json'), 'utf8'))

/**
 * A runnable copy of a network of ../shared/models, its weights made by the script there (seed 1, always the same bytes).
 * Made once and kept in `.kerf-cache/`; safe to ask for from several test processes at a time.
 * @returns path of the .onnx file; its weights lie beside it
 */
export async function filledModel(name: string): Promise<string> {
  const folder = join(root, '.kerf-cache/models', name)
  const path = join(folder, `${name}.onnx`)
  if (existsSync(path)) return path
  mkdirSync(join(root, '.kerf-cache/models'), { recursive: true })
  const making = join(root, '.kerf-cache', `making-${name}-${randomUUID()}`)
  try {
    await promisify(execFile)(process.execPath, [sharedPath('models/fill-weights.mjs'), making, name])
    renameSync(making, folder)
  } catch (error) {
    // Another test process was faster: its copy is the same, byte for byte.
    if (!existsSync(path)) throw error
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
  return path
}
