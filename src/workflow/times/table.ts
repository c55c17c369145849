import { KerfError, parseJson } from '../../base/index.ts'
import type { TimeTable } from '../../prune/index.ts'

/** Of the text below; another one is not read. */
export const format = 'kerf-times-2'

/** A time table as a text, for a file. */
export const timeTableText = (table: TimeTable): string => `${JSON.stringify({ format, ...table })}\n`

/**
 * The time table that a text holds.
 * @param text as `timeTableText` gives it
 * @param where it is from, for the message
 * @throws KerfError `bad-time-table` for anything else
 */
export function parseTimeTable(text: string, where = 'The time table'): TimeTable {
  const bad = (why: string) =>
    new KerfError(
      'bad-time-table',
      `${where} is no table of measured times: ${why}. Remove it, and it is measured anew.`,
      { where },
    )
  let value: unknown
  try {
    value = parseJson(text)
  } catch (error) {
    throw bad(error instanceof Error ? error.message : `${error}`)
  }
  const root = fields(value)
  if (root?.format !== format) throw bad(`its format is not ${format}`)
  const on = fields(root.on)
  const isPlace = [on?.runtime, on?.version, on?.machine].every((v) => typeof v === 'string') && isNumber(on?.threads)
  if (!isPlace) throw bad('it does not say where it was measured')
  const overhead = fields(root.overhead)
  if (!isNumber(overhead?.ms) || !isNumber(overhead?.msPerElement) || !isTime(root.yardstickMs))
    throw bad('it does not say what a run takes by itself')
  const layers = fields(root.layers)
  if (!layers || !Object.values(layers).every((points) => isList(points, (p) => isWork(p) && isTime(fields(p)?.ms))))
    throw bad('its layers are no lists of times')
  const isNetwork = (n: unknown) => {
    const network = fields(n)
    const isLayer = (l: unknown) => isWork(l) && typeof fields(l)?.signature === 'string'
    return isTime(network?.ms) && isNumber(network?.elements) && isList(network?.layers, isLayer)
  }
  if (!isList(root.networks, isNetwork)) throw bad('its networks are no list of times')
  const { format: _, ...table } = root
  // Every field that a table has was checked above.
  return table as unknown as TimeTable
}

const fields = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined

const isList = (value: unknown, isItem: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(isItem)
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0
const isTime = (value: unknown): value is number => isNumber(value) && value > 0
const isWork = (value: unknown): boolean => {
  const work = fields(value)
  return [work?.macs, work?.reads, work?.writes, work?.inChannels, work?.outChannels].every(isNumber)
}
