import { spawn } from 'node:child_process'

/**
 * Prints the peak resident set of its own process, in KiB, on file descriptor 3 when the work is done. Linux starts the `maxRSS` of a process at what
 * its parent held when it was forked, which may be far more; the high-water mark of the memory that it runs in (`VmHWM`) begins with its program.
 */
const wrapper = `
const { readFileSync, writeSync } = require('node:fs')
const peak = () => process.platform === 'linux'
  ? /^VmHWM:\\s*(\\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))[1]
  : process.resourceUsage().maxRSS
process.on('exit', () => writeSync(3, String(peak())))
import(process.argv[1])
`

/**
 * Runs a JavaScript file in a Node process of its own.
 * @param {string} file URL or path of the module
 * @param {string[]} args
 * @returns {Promise<{ seconds: number, peakMiB: number, output: string }>} wall-clock time from spawn to exit, start of Node included
 */
export function measureProcess(file, args) {
  const start = performance.now()
  const child = spawn(process.execPath, ['-e', wrapper, file, ...args], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  })
  let output = ''
  let peak = ''
  child.stdout?.on('data', (chunk) => {
    output += chunk
  })
  child.stdio[3]?.on('data', (chunk) => {
    peak += chunk
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve({ seconds: (performance.now() - start) / 1000, peakMiB: Number(peak) / 1024, output })
      else reject(new Error(`${file} ${args.join(' ')} ended with status ${code}`))
    })
  })
}

/**
 * Of values: what a quarter of them are below, the median, and what a quarter are above.
 * @param {number[]} values
 */
export function quartiles(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return [1 / 4, 1 / 2, 3 / 4].map((part) => sorted[Math.floor(part * sorted.length)])
}

/** @param {number[]} values */
export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

/**
 * Prints one line of a result against its target and says whether it was missed.
 * @param {string} what
 * @param {number} value
 * @param {number} limit
 * @param {string} unit
 * @returns {number} 1 when missed, else 0
 */
export function verdict(what, value, limit, unit) {
  const met = value <= limit
  console.log(
    `  ${what.padEnd(58)} ${value.toFixed(unit === 's' ? 2 : 0).padStart(8)} ${unit.padEnd(4)} target ≤ ${limit} ${unit}  ${met ? 'met' : 'MISSED'}`,
  )
  return met ? 0 : 1
}

/**
 * Prints a ratio beside its target and says whether it was missed.
 * @param {string} what
 * @param {number} value
 * @param {number} target 0 where there is none
 * @param {boolean} atMost whether the target is an upper bound
 * @returns {number} 1 when missed, else 0
 */
export function judge(what, value, target, atMost = false) {
  const met = atMost ? value <= target : value >= target
  const judged =
    target > 0 ? `target ${atMost ? '≤' : '≥'} ${target.toFixed(2)}  ${met ? 'met' : 'MISSED'}` : 'no target'
  console.log(`  ${what.padEnd(60)} ${value.toFixed(2).padStart(6)}   ${judged}`)
  return met ? 0 : 1
}

/** @param {(readonly [value: number, weight: number])[]} pairs */
export function geometricMean(pairs) {
  const weight = pairs.reduce((sum, [, count]) => sum + count, 0)
  return Math.exp(pairs.reduce((sum, [value, count]) => sum + count * Math.log(value), 0) / weight)
}
