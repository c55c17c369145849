import { type GraphColour, human } from 'kerf/report'
import type { GraphLayers } from '../../engine/graph/types.ts'

/** What boxes can be coloured by: what the library's pictures know, what is measured here, and what was pruned. */
export type ColourName = GraphColour | 'time' | 'pruned'

/** How boxes are coloured. */
export interface Colouring {
  readonly name: ColourName
  /** As part of a sentence: `MACs`. */
  readonly title: string
  /** Of a sum; by default it is a count. */
  readonly unit?: string
  /** Of a row; NaN where it is not known. */
  of(layers: GraphLayers, row: number): number
  /** Of what it is a part, of a row: boxes tell their own part. By default they tell their part of the network. */
  outOf?(layers: GraphLayers, row: number): number
}

/** To add one, add a line. */
export const colourings: readonly Colouring[] = [
  { name: 'macs', title: 'MACs', of: ({ macs }, row) => macs[row]! },
  { name: 'accesses', title: 'memory accesses', of: ({ accesses }, row) => accesses[row]! },
  { name: 'params', title: 'parameters', of: ({ params }, row) => params[row]! },
  { name: 'time', title: 'measured milliseconds', unit: 'ms', of: ({ times }, row) => times?.[row] ?? Number.NaN },
  {
    ...{ name: 'pruned', title: 'parameters pruned' },
    of: ({ pruned }, row) => pruned?.gone[row] ?? Number.NaN,
    outOf: ({ pruned }, row) => pruned?.from[row] ?? Number.NaN,
  },
]

export const colouringNamed = (name: string): Colouring => colourings.find((c) => c.name === name)!

/** Each box's part. */
export interface Parts extends Pick<Colouring, 'unit'> {
  /** Of each box; what is not known counts nothing. */
  readonly sums: Float64Array
  /** What each is of the whole, or of its own: 0 to 1. */
  readonly parts: Float64Array
  readonly whole: number
  /** The largest part. */
  readonly most: number
}

export function partsOf(
  { unit, of, outOf }: Colouring,
  layers: GraphLayers,
  { rows, rowStarts }: { readonly rows: Uint32Array; readonly rowStarts: Uint32Array },
): Parts {
  const sumsOf = (each: Colouring['of']) =>
    Float64Array.from({ length: rowStarts.length - 1 }, (_, box) => {
      let sum = 0
      for (let i = rowStarts[box]!; i < rowStarts[box + 1]!; i++) sum += each(layers, rows[i]!) || 0
      return sum
    })
  const sums = sumsOf(of)
  const whole = sums.reduce((a, b) => a + b, 0)
  const wholes = outOf && sumsOf(outOf)
  const parts = sums.map((sum, box) => (sum === 0 ? 0 : sum / (wholes ? wholes[box]! : whole)))
  return { unit, sums, parts, whole, most: parts.reduce((a, b) => Math.max(a, b), 0) }
}

/** `14.2 M`, `3.21 ms` */
export const sumText = ({ unit }: Pick<Colouring, 'unit'>, sum: number): string =>
  unit === undefined ? human(sum) : `${Number(sum.toPrecision(3))} ${unit}`

/** `12.3 %` */
export const percentText = (part: number): string => `${(100 * part).toFixed(1)} %`
