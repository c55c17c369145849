/** Threads that a network may run on here; browsers let pages have more than one where these are isolated from others. */
export const mostThreads = (): number =>
  globalThis.crossOriginIsolated ? Math.max(1, navigator.hardwareConcurrency) : 1

/** Those that are taken unasked: half of them, which leaves room for the page. */
export const usualThreads = (): number => Math.max(1, Math.floor(mostThreads() / 2))
