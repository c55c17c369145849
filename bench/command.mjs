// The command line, as a user calls it.

import { spawn } from 'node:child_process'
import { cliPath } from '../scripts/prepare.mjs'

/**
 * Runs the command as a user does.
 * @param {string[]} args
 * @param {number} seconds it may take
 * @returns {Promise<{ json?: any, why?: string }>} the JSON that it prints, or what it says
 */
export function kerf(args, seconds) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [cliPath, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, err] = ['', '']
    child.stdout.on('data', (text) => {
      out += text
    })
    child.stderr.on('data', (text) => {
      err += text
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), 1000 * seconds)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const said = err
        .trim()
        .split('\n')
        .at(-1)
        ?.replace(/^kerf: /, '')
      if (code === 0) resolve({ json: JSON.parse(out) })
      else resolve({ why: signal ? `stopped after ${seconds} s` : said || `exit status ${code}` })
    })
  })
}
