import type { Layer, Profile } from 'kerf'
import { type Block, blocksOf } from 'kerf/report'

/** What blocks are compared by. */
export const blockCounts = ['macs', 'params', 'accesses'] as const

/** One of `blockCounts`. */
export type BlockCount = (typeof blockCounts)[number]

/** Blocks by columns, each followed by those in it. */
export interface BlockTable {
  readonly names: readonly string[]
  /** Whole: `layer1/0`. */
  readonly paths: readonly string[]
  /** 1: directly below the network. */
  readonly depths: Int32Array
  /** How many layers are in it. */
  readonly layers: Int32Array
  /** The first of them, by its row. */
  readonly first: Int32Array
  /** How many blocks are in it, at any depth: those that follow it. */
  readonly inside: Int32Array
  /** Sums over the layers, of what is counted. */
  readonly counts: Readonly<Record<BlockCount, Float64Array>>
  /** 1 where something is not in the sum. */
  readonly partial: Readonly<Record<BlockCount, Uint8Array>>
}

const countOf = (layer: Layer, count: BlockCount): number | null =>
  count !== 'accesses'
    ? layer[count]
    : layer.reads === null || layer.writes === null
      ? null
      : layer.reads + layer.writes

/** The blocks of a network, by the parts of its layers' names. */
export function blockTable({ layers }: Pick<Profile, 'layers'>): BlockTable {
  const rows = new Map(layers.map((layer, row) => [layer, row]))
  const blocks: Block[] = []
  const inside: number[] = []
  const walk = (some: readonly Block[]) => {
    for (const block of some) {
      const at = blocks.push(block) - 1
      walk(block.blocks)
      inside[at] = blocks.length - at - 1
    }
  }
  walk(blocksOf(layers))
  const each = <T>(of: (count: BlockCount) => T) =>
    Object.fromEntries(blockCounts.map((count) => [count, of(count)])) as Record<BlockCount, T>
  return {
    names: blocks.map((b) => b.name),
    paths: blocks.map((b) => b.path),
    depths: Int32Array.from(blocks, (b) => b.depth),
    layers: Int32Array.from(blocks, (b) => b.layers.length),
    first: Int32Array.from(blocks, (b) => rows.get(b.layers[0]!)!),
    inside: Int32Array.from(inside),
    counts: each((c) => Float64Array.from(blocks, (b) => b.layers.reduce((sum, l) => sum + (countOf(l, c) ?? 0), 0))),
    partial: each((c) => Uint8Array.from(blocks, (b) => Number(b.layers.some((l) => countOf(l, c) === null)))),
  }
}
