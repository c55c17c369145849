import type { Layer } from '../../cost/index.ts'

/** A layer, or a block of them that can be opened. */
export interface Fold {
  /** Tells it from all others of the network: `layer1/0`. */
  readonly path: string
  /** In the order in which they run. */
  readonly layers: readonly Layer[]
  /** What it opens into; none of a single layer. */
  readonly parts: readonly Fold[]
  /** Its parts are so many times the same. */
  readonly times?: number
}

/** What a block or layer is called inside another block: `conv1` of `layer1/0/conv1` in `layer1/0`; a number, which alone says nothing, with what is in front of it: `features.1.conv`. */
export function nameWithin(path: string, around = ''): string {
  const within = path.startsWith(`${around}/`) ? path.slice(around.length + 1) : path
  const parts = within.split('/').length + Number(/^\d+(\/|$)/.test(within))
  return path.split('/').slice(-parts).join('.')
}

/** Several that stand behind each other as one: `conv1 … relu4`, with the path that both have in common once. */
export function joined(parts: readonly Fold[]): Fold {
  const [first, last] = [parts[0]!.path, parts.at(-1)!.path.split(' … ').at(-1)!]
  const path = `${first.split(' … ')[0]} … ${last.slice(last.lastIndexOf('/') + 1)}`
  return { path, layers: parts.flatMap((p) => p.layers), parts }
}
