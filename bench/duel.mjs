// Contenders that take turns: each in its own process, measured one after the other, round after round.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { median } from './measure.mjs'

const host = fileURLToPath(new URL('contenders/process.mjs', import.meta.url))

/** Threads of other contenders look for new work for a moment before they sleep. */
const pauseMs = 4

class Contender {
  /** @param {string} name @param {string} file of its module in bench/contenders @param {number} threads */
  constructor(name, file, threads) {
    this.name = name
    const url = new URL(`contenders/${file}`, import.meta.url).href
    this.process = fork(host, [url, String(threads)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    this.process.on('message', (message) => this.settle(message))
    this.process.on('exit', (code) => this.settle({ error: `it ended with status ${code}` }))
  }

  settle(message) {
    if (message.error) this.waiting?.reject(new Error(`${this.name}: ${message.error}`))
    else this.waiting?.resolve(message)
  }

  async ready() {
    this.version = (await this.answer()).version
    return this
  }

  answer() {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject }
    })
  }

  async ask(request, argument) {
    const answer = this.answer()
    this.process.send({ request, argument })
    return answer
  }
}

/**
 * @param {Record<string, string>} files module in bench/contenders by the contender's name
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
     * Median milliseconds of each contender, and the median over the rounds of each one's time divided by the first one's.
     * @param {unknown} layer
     * @param {number} rounds
     */
    async measure(layer, rounds) {
      for (const c of contenders) await c.ask('load', layer)
      const times = Object.fromEntries(contenders.map((c) => [c.name, []]))
      for (let r = 0; r < rounds; r++)
        for (const c of contenders) {
          await new Promise((resolve) => setTimeout(resolve, pauseMs))
          times[c.name].push((await c.ask('measure')).ms)
        }
      const [first] = contenders
      return Object.fromEntries(
        contenders.map(({ name }) => [
          name,
          { ms: median(times[name]), ratio: median(times[name].map((ms, r) => ms / times[first.name][r])) },
        ]),
      )
    },
    close() {
      for (const c of contenders) c.process.send({ request: 'close' })
    },
  }
}
