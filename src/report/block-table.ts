import type { Layer, Profile } from '../cost/index.ts'
import { shapesText } from './layer-columns.ts'
import { layerNames, namesNote, pathParts } from './layer-names.ts'
import { type Cell, countOrPartial, partialNote, type Table } from './table.ts'

/** Layers whose names begin alike, with what they cost together. */
export interface Block {
  /** The last part of the path: `0` of `layer1.0`. */
  readonly name: string
  /** Whole: `layer1/0`. */
  readonly path: string
  /** 1: directly below the network. */
  readonly depth: number
  /** All that are in it, in the order of the graph. */
  readonly layers: readonly Layer[]
  /** Those directly in it; none of a single layer. */
  readonly blocks: readonly Block[]
}

const counts = ['params', 'macs', 'adds', 'muls', 'reads', 'writes'] as const
type Count = (typeof counts)[number]

/** Blocks in blocks; what a name says beyond that is one part. */
const deepest = 64

function blockParts(name: string): readonly string[] {
  const parts = pathParts(name)
  return parts.length <= deepest ? parts : [...parts.slice(0, deepest - 1), parts.slice(deepest - 1).join('/')]
}

/**
 * The layers of a network as a tree, by the parts of their names, in the order of the graph.
 * @param layers of a profile
 */
export function blocksOf(layers: readonly Layer[]): Block[] {
  const names = layerNames(layers)
  const below = (inside: readonly (readonly [Layer, readonly string[]])[], depth: number, path: string): Block[] => {
    const groups = new Map<string, (readonly [Layer, readonly string[]])[]>()
    for (const [i, entry] of inside.entries()) {
      // What belongs to the block itself (the addition of a residual, say) stands beside its parts, under its operator's name. Nodes may have one name and one
      // operator: then they are told apart by their number.
      const parts = entry[1]
      const part = parts[depth - 1] ?? (depth <= parts.length + 1 ? entry[0].op : String(i + 1))
      const group = groups.get(part)
      if (group) group.push(entry)
      else groups.set(part, [entry])
    }
    return [...groups].map(([name, members]) => {
      const whole = path === '' ? name : `${path}/${name}`
      return {
        name,
        path: whole,
        depth,
        layers: members.map(([layer]) => layer),
        blocks: members.length > 1 || (members[0]?.[1].length ?? 0) > depth ? below(members, depth + 1, whole) : [],
      }
    })
  }
  return below(
    layers.map((layer) => [layer, blockParts(names.of(layer))] as const),
    1,
    '',
  )
}

const sumOf = (layers: readonly Layer[], count: Count): Cell =>
  countOrPartial(
    layers.reduce((sum, l) => sum + (l[count] ?? 0), 0),
    layers.some((l) => l[count] === null),
  )

/**
 * A row per block down to `depth`, indented, with its part of all MACs.
 * @param depth how many parts of names are opened: 1 shows the outermost blocks
 */
export function blockTable(profile: Profile, depth: number): Table {
  const { layers, totals } = profile
  const share = (part: readonly Layer[]) =>
    totals.macs === 0 ? '' : `${((100 * part.reduce((sum, l) => sum + (l.macs ?? 0), 0)) / totals.macs).toFixed(1)} %`
  const rows: Cell[][] = []
  const walk = (blocks: readonly Block[]) => {
    for (const block of blocks) {
      const [only, ...more] = block.layers
      rows.push([
        `${'  '.repeat(block.depth - 1)}${block.name}`,
        more.length === 0 ? (only?.op ?? '') : `${block.layers.length} layers`,
        shapesText(block.layers.at(-1)?.outputs ?? []),
        ...counts.slice(0, 2).map((c) => sumOf(block.layers, c)),
        share(block.layers),
        ...counts.slice(2).map((c) => sumOf(block.layers, c)),
      ])
      if (block.depth < depth) walk(block.blocks)
    }
  }
  const blocks = blocksOf(layers)
  walk(blocks)
  return {
    title: `Blocks, ${depth} ${depth === 1 ? 'level' : 'levels'} deep`,
    columns: [
      { key: 'block', header: 'Block', shorten: true },
      { key: 'op', header: 'Holds', shorten: true, optional: true },
      { key: 'outputs', header: 'Output' },
      { key: 'params', header: 'Params', kind: 'count' },
      { key: 'macs', header: 'MACs', kind: 'count', bar: true },
      { key: 'share', header: 'Of MACs', align: 'right' },
      { key: 'adds', header: 'Adds', kind: 'count', optional: true },
      { key: 'muls', header: 'Muls', kind: 'count', optional: true },
      { key: 'reads', header: 'Reads', kind: 'count', optional: true },
      { key: 'writes', header: 'Writes', kind: 'count', optional: true },
    ],
    rows,
    total: [
      'Total',
      `${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}`,
      '',
      ...counts.slice(0, 2).map((c) => sumOf(layers, c)),
      '',
      ...counts.slice(2).map((c) => sumOf(layers, c)),
    ],
    notes: [
      ...(blocks.every((b) => b.layers.length === 1)
        ? ['The names of the layers have no parts that would make blocks.']
        : []),
      ...namesNote(layerNames(layers)),
      ...(totals.partial.length > 0 ? [partialNote] : []),
    ],
  }
}

/** The same for programs, to every depth. */
export function blocksJson(blocks: readonly Block[], depth: number): unknown[] {
  return blocks.map((block) => ({
    name: block.path,
    layers: block.layers.length,
    ...Object.fromEntries(counts.map((c) => [c, block.layers.reduce((sum, l) => sum + (l[c] ?? 0), 0)])),
    partial: counts.filter((c) => block.layers.some((l) => l[c] === null)),
    blocks: block.depth < depth ? blocksJson(block.blocks, depth) : [],
  }))
}
