/**
 * Lets timers, signals and the page have their turn now and then, which a loop of promises alone never does.
 * @param everyMs at most this often
 */
export function breathe(everyMs = 50): () => Promise<void> {
  let last = performance.now()
  return async () => {
    if (performance.now() - last < everyMs) return
    await new Promise<void>((resolve) => setTimeout(resolve, 0))
    last = performance.now()
  }
}
