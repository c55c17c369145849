/*
 * Workers that are ended whatever they are doing: what takes long gives no other message its turn.
 */

/** A worker, and what it says of its end. */
export interface EndingWorker {
  readonly worker: Worker
  /** Rejects when the worker ends: it answers no more. */
  readonly ended: Promise<never>
  /** @param why for those who wait for an answer */
  end(why: Error): void
}

/** @param name for people, where it fails: `engine` */
export function endingWorker(worker: Worker, name: string): EndingWorker {
  let reject: (why: Error) => void = () => {}
  const ended = new Promise<never>((_, no) => {
    reject = no
  })
  // Whether or not somebody waits.
  ended.catch(() => {})
  const end = (why: Error) => {
    worker.terminate()
    reject(why)
  }
  worker.addEventListener('error', ({ message }) =>
    end(new Error(`The ${name} stopped${message ? `: ${message}` : ' or could not be loaded'}.`)),
  )
  return { worker, ended, end }
}
