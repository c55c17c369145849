// `npm start [-- model.onnx]`: from a fresh clone to the demo in one command.

import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { build, cliPath, install } from './prepare.mjs'

for (const step of [install, build]) {
  const { code } = await step()
  if (code !== 0) process.exit(code)
}

const child = spawn(process.execPath, [cliPath, 'demo', ...process.argv.slice(2)], { stdio: 'inherit' })
// Ctrl-C reaches the command itself, which decides how to end; this process only waits for its answer.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 0)
})
