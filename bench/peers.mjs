// Installs what Kerf is measured against: bench/package.json, as locked, into bench/node_modules.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { run } from '../scripts/prepare.mjs'

const folder = fileURLToPath(new URL('.', import.meta.url))

/** @throws Error when npm fails */
export async function installPeers() {
  const stampPath = `${folder}node_modules/.kerf-stamp`
  const wanted = createHash('sha256')
    .update(readFileSync(`${folder}package-lock.json`))
    .digest('hex')
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === wanted) return
  console.error('Installing the contenders (onnxruntime-web, tfjs) into bench/node_modules …')
  const args = ['ci', '--ignore-scripts', '--loglevel=error', '--prefix', folder]
  const { code, output } =
    process.platform === 'win32' ? await run('cmd', ['/c', 'npm', ...args]) : await run('npm', args)
  if (code !== 0) throw new Error(`The contenders could not be installed: ${output}`)
  writeFileSync(stampPath, wanted)
}

/** @param {string} name of an installed contender's package */
export const peerVersion = (name) =>
  JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), 'utf8')).version
