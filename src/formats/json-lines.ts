import { KerfError, parseJson } from '../base/index.ts'

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
      const bad = (problem: string) => new KerfError('bad-json-lines', `Line ${i + 1} ${problem}.`, { line: i + 1 })
      let record: unknown
      try {
        record = parseJson(line, (_, v) =>
          typeof v === 'string' && Object.hasOwn(numbersByText, v) ? numbersByText[v] : v,
        )
      } catch (error) {
        throw bad(`is not JSON: ${(error as Error).message}`)
      }
      const isFlat = Object.values(Object(record)).every((v) => ['number', 'string', 'boolean'].includes(typeof v))
      if (typeof record !== 'object' || record === null || Array.isArray(record) || !isFlat)
        throw bad('is no flat record, as {"step":1}')
      return record as JsonLine
    })
}
