import { type Remote, wrap } from 'comlink'
import { type EndingWorker, endingWorker } from '../ending-worker.ts'
import type { LabBench } from './bench.ts'

/** A worker with experiments and formulas, started when it is first asked something. */
export class LabWorker {
  #started: (EndingWorker & { readonly remote: Remote<LabBench> }) | undefined

  /**
   * Asks it something.
   * @throws LabStopped where it is stopped meanwhile; what the bench throws
   */
  async ask<T>(work: (bench: Remote<LabBench>) => Promise<T>): Promise<T> {
    this.#started ??= start()
    const { remote, ended } = this.#started
    return Promise.race([work(remote), ended])
  }

  /** Ends it, whatever it is doing; what it had found is gone. */
  stop(): void {
    this.#started?.end(new LabStopped())
    this.#started = undefined
  }
}

function start() {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  return { ...endingWorker(worker, 'lab'), remote: wrap<LabBench>(worker) }
}

/** What is thrown to those who wait for a worker that was stopped. */
export class LabStopped extends Error {
  override readonly name = 'LabStopped'
}
