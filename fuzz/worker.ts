// A process that runs cases, one after the other. A thread of it watches the time and the memory that a case takes, and whether the parent still
// lives, and ends the process: what hangs cannot do that itself.

import { writeSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { seededRandom, seedFrom } from '../src/base/index.ts'
import { type Outcome, outcomeOf } from './outcome.ts'
import { targets } from './targets/index.ts'

/** What the process is asked for: a case of a seed, or one that is there. */
export interface Request {
  readonly target: string
  readonly from: { readonly seed: number; readonly index: number } | Uint8Array
}

export const caseOf = (target: string, seed: number, index: number): Promise<Uint8Array> =>
  Promise.resolve(targets.get(target)!.make(seededRandom(seedFrom(seed, `${target} ${index}`))))

/**
 * A case hangs by the processor time that it takes, which is the same on a busy machine, and by the clock only where it takes next to none: it waits for what
 * never comes. The thread's own rounds are its clock: they stand still with a process that stands still. They take 0.2 % of a processor themselves.
 */
const watch = `
const { workerData } = require('node:worker_threads')
const { state, limits, parent } = workerData
const every = 25
const used = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1e6 }
let seen = 0, cpu = 0, rss = 0, start = 0, rounds = 0, before = 0
const over = () => {
  const seconds = used() - cpu
  const both = () => seconds.toFixed(1) + ' s of processor in ' + ((performance.now() - start) / 1000).toFixed(1) + ' s by the clock'
  if (seconds > limits.cpuSeconds) return 'hang (runs): ' + both()
  if (process.memoryUsage.rss() - rss > limits.bytes) return 'memory'
  if (++rounds * every < limits.idleSeconds * 1000) return ''
  if (used() - before < limits.idleSeconds / 50) return 'hang (waits): ' + both()
  ;[rounds, before] = [0, used()]
  return ''
}
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
  const now = Atomics.load(state, 0)
  if (now !== seen) {
    ;[seen, cpu, rss, start, rounds] = [now, used(), process.memoryUsage.rss(), performance.now(), 0]
    before = cpu
  }
  const what = now === 0 ? '' : over()
  if (what === '') return
  require('node:fs').writeSync(2, 'over the limit: ' + what + '\\n')
  process.kill(process.pid, 'SIGKILL')
}, every)`

if (process.send) {
  // The number of the case, 0 between cases.
  const state = new Int32Array(new SharedArrayBuffer(4))
  const [cpuSeconds, idleSeconds, bytes, parent] = process.argv.slice(2).map(Number)
  new Worker(watch, { eval: true, workerData: { state, limits: { cpuSeconds, idleSeconds, bytes }, parent } }).unref()
  const answer = (outcome: Outcome) => process.send!(outcome)
  let stage = ''
  // What an abandoned promise throws belongs to the case, too.
  process.on('unhandledRejection', (error) => answer(outcomeOf(error, stage)))
  let number = 0
  process.on('message', async ({ target, from }: Request) => {
    stage = 'make'
    Atomics.store(state, 0, ++number)
    try {
      const bytes = from instanceof Uint8Array ? from : await caseOf(target, from.seed, from.index)
      // What making it took is no part of it.
      Atomics.store(state, 0, ++number)
      await targets.get(target)!.run(bytes, (next) => {
        stage = next
        // For the parent, where the process does not live to say it.
        writeSync(2, `at ${stage}\n`)
      })
      answer({ kind: 'ok', stage, what: '', message: '' })
    } catch (error) {
      answer(outcomeOf(error, stage))
    } finally {
      Atomics.store(state, 0, 0)
    }
  })
}
