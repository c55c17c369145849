import type { Model } from '../../graph/index.ts'

/**
 * What a run keeps of what it has done, so that one that was stopped goes on to the same result: what is measured, which would come out otherwise the next
 * time, and networks that took long to make. `folderMemory` of kerf/files keeps it on disk.
 */
export interface SlimMemory {
  /**
   * What was kept under a name; else what `make` gives, which is kept before it is used.
   * @param name letters, digits and dashes
   * @param make gives plain data, as JSON has them
   */
  value<T>(name: string, make: () => Promise<T>): Promise<T>
  /**
   * A network with what is to be said of it, likewise.
   * @param name letters, digits and dashes
   * @param make gives both
   */
  network<T>(name: string, make: () => Promise<Remembered<T>>): Promise<Remembered<T>>
}

/** A network, and plain data about it. */
export interface Remembered<T> {
  /** As it was made, or read again. */
  readonly model: Model
  /** Plain data, as JSON has them. */
  readonly facts: T
}

/** Keeps nothing. */
export const noMemory: SlimMemory = {
  value: (_, make) => make(),
  network: (_, make) => make(),
}
