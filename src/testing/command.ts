// The command line as a process of its own, bundled from the sources: what was built last is older.

import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

/**
 * Bundles the command into a folder.
 * @returns the file to run
 */
export async function bundleCommand(folder: string, plugins: Plugin[] = []): Promise<string> {
  // The command reads its version from the package two folders up.
  const command = join(folder, 'dist/cli/main.js')
  writeFileSync(join(folder, 'package.json'), '{ "version": "0.0.0", "type": "module" }')
  await build({
    entryPoints: [fileURLToPath(new URL('../cli/main.ts', import.meta.url))],
    ...{ bundle: true, splitting: true, platform: 'node', format: 'esm', outdir: dirname(command), plugins },
    external: ['sharp', 'onnxruntime-node'],
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url)",
    },
  })
  return command
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

export interface ProcessOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly uid?: number
  /** Ends the process so long after `when` was said on stderr (default: after its start). */
  readonly interrupt?: { readonly signal: NodeJS.Signals; readonly delayMs: number; readonly when?: RegExp }
}

/** Runs Node with these arguments until it ends. */
export function nodeProcess(
  args: readonly string[],
  { interrupt, env, ...options }: ProcessOptions = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      ...options,
    })
    let [out, err] = ['', '']
    let timer: NodeJS.Timeout | undefined
    const interruptWhen = () => {
      if (!timer && interrupt?.when?.test(err) !== false)
        timer = interrupt && setTimeout(() => child.kill(interrupt.signal), interrupt.delayMs)
    }
    child.stdout.on('data', (chunk) => {
      out += chunk
    })
    child.stderr.on('data', (chunk) => {
      err += chunk
      interruptWhen()
    })
    child.on('spawn', interruptWhen)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, out, err })
    })
  })
}
