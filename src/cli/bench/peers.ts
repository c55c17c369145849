import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadOrt, type OrtModule } from '../../workflow/index.node.ts'
import { packageRoot } from '../package-root.ts'

/** Runtimes that Kerf is measured against, as `--against` names them. */
export const peerNames = ['ort-web', 'ort-node', 'tfjs'] as const
export type PeerName = (typeof peerNames)[number]

/**
 * An optional package: from where the command is called, from beside Kerf, or (in a clone) from `bench/`.
 * @returns undefined where it is not installed
 */
async function loadOptional(name: string): Promise<unknown> {
  for (const folder of [process.cwd(), packageRoot, join(packageRoot, 'bench')]) {
    if (!existsSync(folder)) continue
    try {
      const path = createRequire(join(folder, 'package.json')).resolve(name)
      const module = (await import(pathToFileURL(path).href)) as { default?: unknown }
      return module.default ?? module
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    }
  }
  return undefined
}

/** ONNX Runtime's JavaScript interface; the one for the web has the settings of its WebAssembly besides. */
export type OrtWebModule = Pick<OrtModule, 'InferenceSession' | 'Tensor'> & {
  readonly env: OrtModule['env'] & { wasm: { numThreads?: number } }
}

export async function loadPeer(name: 'ort-web'): Promise<OrtWebModule | undefined>
export async function loadPeer(name: 'ort-node'): Promise<OrtModule | undefined>
export async function loadPeer(name: 'ort-web' | 'ort-node'): Promise<OrtWebModule | OrtModule | undefined>
export async function loadPeer(name: PeerName): Promise<unknown> {
  return name === 'ort-node' ? loadOrt() : loadOptional('onnxruntime-web')
}

export const howToInstall: Readonly<Record<PeerName, string>> = {
  'ort-web': 'npm install onnxruntime-web (in a clone of Kerf: npm ci --prefix bench)',
  'ort-node': 'npm install onnxruntime-node',
  tfjs: '',
}
