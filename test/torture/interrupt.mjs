// Loaded before a command (`node --import`): kills its process, or fills its disk, at the n-th operation that changes something on the disk. What is being
// written when it is killed is there by half.

import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/** `how`: kill or full; `count`: the file that gets the number of operations at the end. */
const { at, how, count } = JSON.parse(process.env.KERF_INTERRUPT)
let operations = 0

const { writeSync, writeFileSync } = fs
/** Writes half of what was to be written, by the name of the operation. */
const halves = {
  writeSync: (_, [file, bytes, offset, length]) => writeSync(file, bytes, offset, length >> 1),
  writeFileSync: (_, [path, content]) => writeFileSync(path, content.slice(0, content.length >> 1)),
  appendFile: (handle, [bytes]) => writeSync(handle.fd, bytes, 0, bytes.length >> 1),
}

/** @param needsRoom whether a full disk refuses it */
function watch(owner, name, needsRoom) {
  const original = owner[name]
  owner[name] = function (...args) {
    if (/^open/.test(name) && !/[aw+]/.test(args[1] ?? 'r')) return original.apply(this, args)
    operations++
    if (operations === at && how === 'kill') {
      halves[name]?.(this, args)
      process.kill(process.pid, 'SIGKILL')
    }
    if (operations < at || how !== 'full' || !needsRoom) return original.apply(this, args)
    const error = Object.assign(new Error(`ENOSPC: no space left on device, ${name}`), {
      ...{ code: 'ENOSPC', errno: -28, syscall: name.replace('Sync', '') },
      ...(typeof args[0] === 'string' ? { path: args[0] } : {}),
    })
    if (owner === fs) throw error
    return Promise.reject(error)
  }
}

const self = await fs.promises.open(new URL(import.meta.url))
const handles = Object.getPrototypeOf(self)
await self.close()
for (const name of ['openSync', 'writeSync', 'writeFileSync', 'mkdirSync', 'fsyncSync']) watch(fs, name, true)
for (const name of ['renameSync', 'linkSync', 'rmSync', 'rmdirSync', 'ftruncateSync']) watch(fs, name, false)
for (const name of ['open', 'mkdtemp']) watch(fs.promises, name, true)
for (const name of ['rename', 'rm']) watch(fs.promises, name, false)
for (const name of ['appendFile', 'sync']) watch(handles, name, true)
syncBuiltinESMExports()
if (count) process.on('exit', () => writeFileSync(count, String(operations)))
