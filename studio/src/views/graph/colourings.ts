import type { GraphColour } from 'kerf/report'
import type { GraphLayers } from '../../engine/graph/types.ts'

/** What boxes can be coloured by: what the library's pictures know, what is measured here, and what was pruned. */
export type ColourName = GraphColour | 'time' | 'pruned'

/** How boxes are coloured. */
export interface Colouring {
  readonly name: ColourName
  /** As part of a sentence: `MACs`. */
  readonly title: string
  /** Of a row; NaN where it is not known. */
  of(layers: GraphLayers, row: number): number
}

/** To add one, add a line. */
export const colourings: readonly Colouring[] = [
  { name: 'macs', title: 'MACs', of: ({ macs }, row) => macs[row]! },
  { name: 'accesses', title: 'memory accesses', of: ({ accesses }, row) => accesses[row]! },
  { name: 'params', title: 'parameters', of: ({ params }, row) => params[row]! },
  { name: 'time', title: 'measured milliseconds', of: ({ times }, row) => times?.[row] ?? Number.NaN },
  { name: 'pruned', title: 'parameters pruned', of: ({ pruned }, row) => pruned?.[row] ?? Number.NaN },
]

export const colouringNamed = (name: string): Colouring => colourings.find((c) => c.name === name)!

/** Each box's part. */
export interface Parts {
  /** Of each box; what is not known counts nothing. */
  readonly sums: Float64Array
  readonly whole: number
  readonly most: number
}

export function partsOf(
  { of }: Colouring,
  layers: GraphLayers,
  { rows, rowStarts }: { readonly rows: Uint32Array; readonly rowStarts: Uint32Array },
): Parts {
  const sums = new Float64Array(rowStarts.length - 1)
  let [whole, most] = [0, 0]
  for (let box = 0; box < sums.length; box++) {
    let sum = 0
    for (let i = rowStarts[box]!; i < rowStarts[box + 1]!; i++) sum += of(layers, rows[i]!) || 0
    sums[box] = sum
    whole += sum
    most = Math.max(most, sum)
  }
  return { sums, whole, most }
}
