/*
 * What holds for all that a call does, also behind what it awaits, and not for calls beside it. Node keeps it (AsyncLocalStorage). Where nothing does, all calls that
 * run have what holds for all of them together.
 */

/** A value that calls have while they run. */
export interface CallScope<T> {
  /** Of the call that runs, and those around it, together; undefined outside of all. */
  current(): T | undefined
  /** @param work until it returns, or what it returns has settled */
  run<R>(value: T, work: () => R): R
}

interface Storage<T> {
  getStore(): T | undefined
  run<R>(value: T, work: () => R): R
}

interface Realm {
  readonly process?: {
    getBuiltinModule?(name: string): { readonly AsyncLocalStorage?: new <T>() => Storage<T> } | undefined
  }
}

/** @param together what holds within both */
export function callScope<T>(together: (a: T, b: T) => T): CallScope<T> {
  const Storage = (globalThis as Realm).process?.getBuiltinModule?.('async_hooks')?.AsyncLocalStorage
  return Storage ? storedScope(new Storage<T>(), together) : sharedScope(together)
}

function storedScope<T>(storage: Storage<T>, together: (a: T, b: T) => T): CallScope<T> {
  const current = () => storage.getStore()
  return {
    current,
    run(value, work) {
      const around = current()
      return storage.run(around === undefined ? value : together(around, value), work)
    },
  }
}

/** Where nobody tells calls apart. */
export function sharedScope<T>(together: (a: T, b: T) => T): CallScope<T> {
  const running = new Set<{ readonly value: T }>()
  return {
    current: () =>
      [...running]
        .map(({ value }) => value)
        .reduce<T | undefined>((a, b) => (a === undefined ? b : together(a, b)), undefined),
    run(value, work) {
      const own = { value }
      const end = () => running.delete(own)
      running.add(own)
      let isLater = false
      try {
        const result = work()
        isLater = result instanceof Promise
        return isLater ? ((result as Promise<unknown>).finally(end) as typeof result) : result
      } finally {
        if (!isLater) end()
      }
    },
  }
}
