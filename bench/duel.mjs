// Contenders that take turns: each in its own process, measured one after the other, round after round. Outside its turn a contender is stopped
// (SIGSTOP), so that threads of it that look for new work, as thread pools do before they sleep, take no core from the one whose turn it is.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { median } from './measure.mjs'

const host = fileURLToPath(new URL('contenders/process.mjs', import.meta.url))

/** Windows cannot stop a process: there the threads of the last contender get this long to fall asleep. */
const canStop = process.platform !== 'win32'
const pauseMs = canStop ? 0 : 200

/** Those that are there; they must not stay behind, stopped for ever, when this process ends. */
const open = new Set()
process.on('exit', () => {
  for (const contender of open) contender.kill()
})
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))

class Contender {
  /** Processes of its own that it measures (PyTorch). */
  #children = []
  #ended = false

  /** @param {string} name @param {string} file of its module in bench/contenders @param {number} threads where the file says no `?threads=` */
  constructor(name, file, threads) {
    this.name = name
    const url = new URL(`contenders/${file}`, import.meta.url)
    this.process = fork(host, [url.href, url.searchParams.get('threads') ?? String(threads)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.process.on('message', (message) => this.settle(message))
    this.process.on('exit', (code) => {
      this.#ended = true
      open.delete(this)
      this.settle({ error: `it ended with status ${code}` })
    })
    open.add(this)
  }

  settle(message) {
    if (message.error) this.waiting?.reject(new Error(`${this.name}: ${message.error}`))
    else this.waiting?.resolve(message)
  }

  async ready() {
    this.version = (await this.answer()).version
    this.#signal('SIGSTOP')
    return this
  }

  answer() {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject }
    })
  }

  /** Its turn: it runs until it has answered. */
  async ask(request, argument) {
    const answer = this.answer()
    this.#signal('SIGCONT')
    this.process.send({ request, argument })
    const { children, ...rest } = await answer
    this.#children = children ?? this.#children
    this.#signal('SIGSTOP')
    return rest
  }

  close() {
    if (this.#ended) return
    this.#signal('SIGCONT')
    this.process.send({ request: 'close' })
  }

  kill() {
    this.#signal('SIGKILL')
  }

  #signal(name) {
    if (!canStop && name !== 'SIGKILL') return
    for (const pid of [this.process.pid, ...this.#children]) {
      try {
        process.kill(pid, name)
      } catch (error) {
        // It has ended.
        if (error.code !== 'ESRCH') throw error
      }
    }
  }
}

/** How many times longer than `other` a contender took: the median over the rounds, in each of which both had a turn. */
export const timesLonger = (contender, other) => median(contender.rounds.map((ms, r) => ms / other.rounds[r]))

/** A contender with its processor time as its times. */
export const inProcessorTime = ({ processor }) => ({ rounds: processor })

/**
 * @param {Record<string, string>} files module in bench/contenders by the contender's name; `?threads=` for another number than the others
 * @param {number} threads
 */
export async function openDuel(files, threads) {
  const contenders = await Promise.all(
    Object.entries(files).map(([name, file]) => new Contender(name, file, threads).ready()),
  )
  return {
    versions: contenders.map(({ version }) => version),
    /** Highest speed of the register-only loop, in MACs per second, measured by the first contender. */
    limit: async () => (await contenders[0].ask('limit')).limit,
    /** What each contender puts out for what was measured last. */
    async outputs() {
      const answers = []
      for (const c of contenders) answers.push((await c.ask('outputs')).outputs)
      return answers
    },
    /**
     * Of each contender milliseconds in each round and their median, milliseconds of processor time in each round (of everything that a run does), and how
     * many times longer than the first one it took.
     * @param {unknown} layer
     * @param {number} rounds
     */
    async measure(layer, rounds) {
      for (const c of contenders) await c.ask('load', layer)
      /** @type {Record<string, number[]>} */
      const times = Object.fromEntries(contenders.map((c) => [c.name, []]))
      /** @type {Record<string, number[]>} */
      const processor = Object.fromEntries(contenders.map((c) => [c.name, []]))
      for (let r = 0; r < rounds; r++)
        for (const c of contenders) {
          if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
          const one = await c.ask('measure')
          times[c.name].push(one.ms)
          processor[c.name].push(one.processor)
        }
      const measured = Object.entries(times).map(([name, rounds]) => ({
        ...{ name, ms: median(rounds), rounds, processor: processor[name] },
      }))
      return Object.fromEntries(
        measured.map(({ name, ...one }) => [name, { ...one, ratio: timesLonger(one, measured[0]) }]),
      )
    },
    close() {
      for (const c of contenders) c.close()
    },
  }
}
