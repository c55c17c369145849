/** Work that is done while its result is not needed yet. */
export interface Ahead<T> {
  /** Starts the work at once if it has not begun. @throws what the work throws, here only */
  result(): Promise<T>
  /** Forgets work that has not begun. */
  cancel(): void
}

/** Starts `work` as soon as this thread waits for something else, or when its result is asked for. */
export function ahead<T>(work: () => Promise<T>): Ahead<T> {
  let running: Promise<T> | undefined
  const start = () => {
    running ??= work()
    // Whoever asks for the result gets the error; without this it would also count as one that nobody handles.
    running.catch(() => {})
    return running
  }
  const timer = setTimeout(start)
  return {
    result() {
      clearTimeout(timer)
      return start()
    },
    cancel: () => clearTimeout(timer),
  }
}
