import type { CombineU8Args } from '../../engine/kernels.generated.ts'
import { type PoolLayer, windowArgs } from '../pool.ts'
import { type Allocator, type Step, step } from '../step.ts'

/*
 * What lies between convolutions of codes, on bytes (kernels/codes.ts).
 */

/** y = clamp(round((x − xZero)·xFactor + (w − wZero)·wFactor)) + outZero, or of products, of some bytes of each row. */
export function lowerCombineCodes(args: CombineU8Args): Step[] {
  const { rows, channels, xPixel, wPixel, yPixel } = args
  if (rows * channels === 0) return []
  const isWhole = [xPixel, wPixel, yPixel].every((pixel) => pixel === channels)
  return [step('combineU8', isWhole ? { ...args, rows: 1, channels: rows * channels } : args)]
}

/** Codes, some of each row, to other codes. */
export interface CodeMap {
  readonly x: number
  readonly y: number
  readonly rows: number
  readonly channels: number
  /** Bytes from one row to the next. */
  readonly xPixel: number
  readonly yPixel: number
  /** Bytes of y from one channel to the next; 1 by default. */
  readonly yStep?: number
  /** What each byte becomes; left out: itself. */
  readonly table?: Uint8Array
}

export function lowerMapCodes({ table, yStep = 1, ...args }: CodeMap, alloc: Allocator): Step[] {
  if (args.rows * args.channels === 0) return []
  if (!table) return [step('mapU8', { ...args, yStep, table: 0 })]
  const at = alloc.alloc(table.length)
  new Uint8Array(alloc.memory.buffer, at, table.length).set(table)
  return [step('mapU8', { ...args, yStep, table: at })]
}

/** Scale of x by that of y, zero points, and bounds of y's codes, all within a byte. */
export interface CodeScales {
  readonly factor: number
  readonly xZero: number
  readonly yZero: number
  readonly lo: number
  readonly hi: number
}

/** Max or average pooling of bytes x into y, channels last. @param scales of means */
export function lowerPoolCodes(
  layer: PoolLayer,
  { x, y }: Readonly<Record<'x' | 'y', number>>,
  scales: CodeScales,
  alloc: Allocator,
): Step[] {
  const { channels, xPixel = channels, yPixel = channels } = layer
  const { factor, xZero, yZero, lo, hi } = scales
  const limits = { lo: lo - yZero, hi: hi - yZero }
  return [
    step('poolU8', { ...windowArgs(layer, alloc), x, y, xPixel, yPixel, xZero, factor, outZero: yZero, ...limits }),
  ]
}
