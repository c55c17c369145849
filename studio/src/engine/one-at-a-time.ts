import { isAborted } from 'kerf'

/** Long work of which only the last that was asked for goes on. */
export class OneAtATime {
  #controller = new AbortController()
  #last: Promise<unknown> = Promise.resolve()

  /**
   * Stops what goes on, waits until it has ended, and does this.
   * @returns undefined where it was stopped
   */
  async run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    this.stop()
    this.#controller = new AbortController()
    const { signal } = this.#controller
    const before = this.#last
    const own = (async () => {
      // What it came to is told to those who asked for it.
      await before.catch(() => {})
      return signal.aborted ? undefined : work(signal)
    })()
    this.#last = own
    try {
      return await own
    } catch (error) {
      if (signal.aborted && (isAborted(error) || error === signal.reason)) return undefined
      throw error
    }
  }

  stop(): void {
    this.#controller.abort()
  }
}
