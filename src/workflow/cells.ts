import { KerfError } from '../base/index.ts'
import { crc32c } from '../formats/index.ts'
import type { Model } from '../graph/index.ts'

/** Keeps the parts of long work that are done, by name, so that the same work goes on where it was stopped. */
export interface CellStore {
  /**
   * Called first, with all that the cells follow from.
   * @param settings plain data
   * @throws KerfError `other-cells` where those that are kept follow from something else
   */
  begin(settings: unknown): void | Promise<void>
  /**
   * What was kept; undefined where there is nothing.
   * @param key as `write` was given it
   */
  read(key: string): unknown
  /**
   * Keeps a cell, whole or not at all.
   * @param key its name, by which it is read again
   * @param cell plain data
   */
  write(key: string, cell: object): void | Promise<void>
}

/** A cell as it was kept, or as it is made now, and kept. A made one is what a kept one would be: what JSON has. */
export async function keptOrMade<T extends object>(
  cells: CellStore | undefined,
  key: string,
  make: () => Promise<T>,
): Promise<T> {
  const kept = await cells?.read(key)
  if (kept !== undefined && (typeof kept !== 'object' || kept === null))
    throw new KerfError('bad-cell', `What is kept as "${key}" is no cell. Remove it, so that it is made anew.`, { key })
  if (kept) return kept as T
  const made = await make()
  await cells?.write(key, made)
  return made
}

/** A number that changes with any weight or node of a model. */
export function modelChecksum({ graph }: Model): number {
  const nodes = graph.nodes.map((n) => [
    n.opType,
    n.inputs,
    n.outputs,
    [...n.attributes].map(([key, { kind }]) => [key, kind]),
  ])
  let crc = crc32c(new TextEncoder().encode(JSON.stringify(nodes)))
  for (const { data } of graph.initializers.values()) crc = crc32c(data.bytes(), crc)
  return crc
}
