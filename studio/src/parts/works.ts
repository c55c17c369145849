import { create, type StoreApi } from 'zustand'

/** Long work. */
export interface Work {
  readonly what: string
  readonly done: number
  /** Undefined where nobody knows. */
  readonly total?: number
  /** Absent where it cannot be stopped. */
  stop?(): void
}

/** Long work that goes on, by what does it. It is told of whichever view is looked at. */
export const useWorks = create<ReadonlyMap<string, Work>>(() => new Map())

/** @param work undefined when it is over */
export function tellWork(by: string, work: Work | undefined): void {
  const works = new Map(useWorks.getState())
  if (work) works.set(by, work)
  else if (!works.delete(by)) return
  useWorks.setState(works, true)
}

/** `40 s`, `3 min`, `1.5 h`. */
export function timeText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}

/** Tells of the work of a store, as long as it says that there is some. */
export function tellWorkOf<S>(
  by: string,
  store: Pick<StoreApi<S>, 'subscribe'>,
  workOf: (state: S) => Work | undefined,
) {
  store.subscribe((state) => tellWork(by, workOf(state)))
}
