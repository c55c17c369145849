import { type Remote, wrap } from 'comlink'
import type { LabBench } from './bench.ts'

/** A worker with experiments and formulas, started when it is first asked something. */
export class LabWorker {
  #started: { readonly worker: Worker; readonly remote: Remote<LabBench>; readonly ended: Promise<never> } | undefined
  #end: (why: Error) => void = () => {}

  /**
   * Asks it something.
   * @throws LabStopped where it is stopped meanwhile; what the bench throws
   */
  async ask<T>(work: (bench: Remote<LabBench>) => Promise<T>): Promise<T> {
    this.#started ??= this.#start()
    const { remote, ended } = this.#started
    return Promise.race([work(remote), ended])
  }

  /** Ends it, whatever it is doing; what it had found is gone. */
  stop(): void {
    this.#started?.worker.terminate()
    this.#started = undefined
    this.#end(new LabStopped())
  }

  #start() {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
    const ended = new Promise<never>((_, reject) => {
      this.#end = reject
    })
    // Whether or not somebody waits.
    ended.catch(() => {})
    worker.addEventListener('error', ({ message }) =>
      this.#end(new Error(`The lab stopped${message ? `: ${message}` : ' or could not be loaded'}.`)),
    )
    return { worker, remote: wrap<LabBench>(worker), ended }
  }
}

/** What is thrown to those who wait for a worker that was stopped. */
export class LabStopped extends Error {
  override readonly name = 'LabStopped'
}
