// `npm run fuzz`: bundles the sources of fuzz/ and src/ for this version of Node, and starts what CONTRIBUTING.md describes.

import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { bundle } from './bundle.mjs'

const folder = await bundle()
const child = spawn(process.execPath, [`${folder}/main.js`, ...process.argv.slice(2)], { stdio: 'inherit' })
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal))
child.on('exit', (code) => {
  rmSync(folder, { recursive: true, force: true })
  process.exitCode = code ?? 1
})
