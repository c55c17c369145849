import type { Layer } from '../cost/index.ts'

/*
 * Exporters name a node by the path of modules to it, with parts said again and again: `/features/features.1/conv/conv.0/conv.0.0/Conv`. Tables
 * show `features.1/conv.0.0`, which is as much as tells it apart beside its operator.
 */

/** A name without what it repeats and without the operator at its end. */
function shortName(name: string, op: string): string {
  const parts = name.split('/').filter((part) => part !== '')
  const kept = parts.filter((part, i) => !parts[i + 1]?.startsWith(`${part}.`))
  if (kept.length > 1 && kept.at(-1) === op) kept.pop()
  return kept.join('/') || name
}

/** A fused layer by its first node. */
const firstOf = (layer: Layer): [name: string, op: string] =>
  layer.members ? [layer.members[0]!, layer.op.split('+')[0]!] : [layer.name, layer.op]

/** The parts of a path: `features.1/conv.0` → `features`, `1`, `conv`, `0`. */
export const pathParts = (name: string): string[] => name.split(/[/.]/)

export interface LayerNames {
  /** Of a fused layer that of its first node. */
  of(layer: Layer): string
  /** The same by the name that the file has. */
  named(name: string): string
  /** The beginning that all names had: `model/`; '' where there is none. */
  readonly prefix: string
  /** Whether any name is not as the file has it. */
  readonly shortened: boolean
}

/** Views cost nothing: most tables leave them out. */
export const isWorthARow = (l: Layer): boolean =>
  [l.params, l.macs, l.adds, l.muls, l.others, l.reads, l.writes].some((count) => count === null || count > 0)

/** Names for the layers of a network, the same in whatever table some of them stand. */
export function layerNames(layers: readonly Layer[]): LayerNames {
  const whole = new Map<string, string>()
  for (const layer of layers) {
    const [name, op] = firstOf(layer)
    whole.set(name, shortName(name, op))
  }
  const rows = layers.filter(isWorthARow).map((layer) => firstOf(layer)[0])
  const prefix = commonBeginning(rows.map((name) => whole.get(name)!))
  const named = (name: string) => {
    const short = whole.get(name) ?? shortName(name, '')
    return short.startsWith(prefix) ? short.slice(prefix.length) : short
  }
  return {
    of: (layer) => named(firstOf(layer)[0]),
    named,
    prefix,
    shortened: rows.some((name) => named(name) !== name),
  }
}

/** What all names begin with, up to a `/` or `.`; '' for less than two names. */
function commonBeginning(names: readonly string[]): string {
  const [first = '', ...others] = names
  if (others.length === 0) return ''
  let length = 0
  for (const [i, c] of [...first].entries()) {
    if (!others.every((name) => name[i] === c)) break
    if (c === '/' || c === '.') length = i + 1
  }
  return first.slice(0, length)
}

/** Says once what names lack. */
export function namesNote({ prefix, shortened }: LayerNames): string[] {
  if (!shortened) return []
  const beginning = prefix === '' ? '' : `the beginning "${prefix}", `
  return [`Names are short: ${beginning}repeated parts and the operator are left out (--full-names shows them whole).`]
}
