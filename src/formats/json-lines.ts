import { KerfError } from '../base/index.ts'

/** A flat record. JSON has no NaN and no infinity: they are written as the texts "NaN", "Infinity", "-Infinity". */
export type JsonLine = Readonly<Record<string, number | string | boolean>>

const numbersByText: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}

export const encodeJsonLine = (record: JsonLine): string =>
  `${JSON.stringify(record, (_, v) => (typeof v === 'number' && !Number.isFinite(v) ? String(v) : v))}\n`

/**
 * Reads what `encodeJsonLine` wrote. A last line without its line break is one whose writing was cut off: it is left out.
 * @throws KerfError `bad-json-lines` with the number of the line
 */
export function decodeJsonLines(text: string): JsonLine[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line, i) => {
      try {
        return JSON.parse(line, (_, v) =>
          typeof v === 'string' && Object.hasOwn(numbersByText, v) ? numbersByText[v] : v,
        )
      } catch (error) {
        throw new KerfError('bad-json-lines', `Line ${i + 1} is not JSON: ${(error as Error).message}.`, {
          line: i + 1,
        })
      }
    })
}
