import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Outcome } from './outcome.ts'
import type { Request } from './worker.ts'

/** Of one case. */
export interface Limits {
  /** Of all processors together. */
  readonly cpuSeconds: number
  /** By the clock, after which a case has hung that took less than a fiftieth of it of a processor: it waits for what never comes. */
  readonly idleSeconds: number
  /** Beyond what the process had before. */
  readonly bytes: number
}

const usual: Limits = { cpuSeconds: 10, idleSeconds: 60, bytes: 768 * 2 ** 20 }
/** A process is replaced after so many cases: what one leaves behind must not be put down to another. */
const casesPerProcess = 2000

/** Runs cases in a process of its own, which is replaced when it has ended. */
export class Runner {
  #child: ChildProcess | undefined
  #cases = 0
  #stderr = ''
  readonly #script: string
  readonly #limits: Limits

  constructor(script = fileURLToPath(new URL('./worker.js', import.meta.url)), limits: Partial<Limits> = {}) {
    this.#script = script
    this.#limits = { ...usual, ...limits }
  }

  run(request: Request): Promise<Outcome> {
    if (this.#cases++ % casesPerProcess === 0) this.end()
    const child = this.#started()
    this.#stderr = ''
    return new Promise((resolve) => {
      const done = (outcome: Outcome) => {
        child.removeAllListeners('message').removeAllListeners('close')
        resolve(outcome)
      }
      child.once('message', (outcome) => done(outcome as Outcome))
      child.once('close', (code, signal) => {
        this.#child = undefined
        done(this.#endedBy(code, signal))
      })
      child.send(request)
    })
  }

  end(): void {
    this.#child?.removeAllListeners().kill('SIGKILL')
    this.#child = undefined
  }

  #started(): ChildProcess {
    if (this.#child) return this.#child
    const { cpuSeconds, idleSeconds, bytes } = this.#limits
    const child = fork(this.#script, [...[cpuSeconds, idleSeconds, bytes], process.pid].map(String), {
      serialization: 'advanced',
      execArgv: ['--max-old-space-size=1024'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-20_000)
    })
    this.#child = child
    return child
  }

  #endedBy(code: number | null, signal: NodeJS.Signals | null): Outcome {
    const text = this.#stderr
    const stage = [...text.matchAll(/^at (.*)$/gm)].at(-1)?.[1] ?? ''
    const [, limit, how] = /over the limit: (hang|memory)(?: \((\w+)\))?/.exec(text) ?? []
    const kind = (limit as 'hang' | 'memory' | undefined) ?? (/heap out of memory/.test(text) ? 'memory' : 'crash')
    return {
      kind,
      stage,
      what: kind === 'crash' ? `${signal ?? code}` : (how ?? ''),
      message: text.replace(/^at .*\n/gm, ''),
    }
  }
}
