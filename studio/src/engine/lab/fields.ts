import { KerfError } from 'kerf'
import type { LabField } from './types.ts'

/* Settings of experiments as fields: what a value is says what may be set in its place. */

const kindOf = (value: unknown): LabField['kind'] =>
  typeof value === 'number'
    ? 'number'
    : typeof value === 'boolean'
      ? 'switch'
      : typeof value === 'string'
        ? 'text'
        : 'json'

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** @param quick and `full` are the same settings with other values */
export const fieldsOf = (quick: object, full: object): LabField[] =>
  Object.entries(quick).map(([name, value]) => ({
    ...{ name, kind: kindOf(value), quick: textOf(value) },
    full: textOf((full as Readonly<Record<string, unknown>>)[name]),
  }))

/**
 * Settings with some of their values replaced.
 * @param texts of the fields
 * @throws KerfError `bad-setting` for what is no value of the same kind
 */
export function settingsWith(settings: object, texts: Readonly<Record<string, string>>): object {
  return Object.fromEntries(
    Object.entries(settings).map(([name, before]) => {
      const text = texts[name]
      return [name, text === undefined ? before : setTo(name, text, before)]
    }),
  )
}

function setTo(name: string, text: string, before: unknown): unknown {
  if (typeof before === 'string') return text
  const value = parsed(text)
  if (value === undefined || !isLike(value, before))
    throw new KerfError(
      'bad-setting',
      `The setting ${name} cannot be "${text}". Give something like ${textOf(before)}.`,
      { name },
    )
  return value
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether two values have the same shape: arrays any length above 0, their elements the shape of the first. */
function isLike(value: unknown, before: unknown): boolean {
  if (Array.isArray(before))
    return Array.isArray(value) && value.length > 0 && value.every((v) => before.length === 0 || isLike(v, before[0]))
  if (typeof before === 'object' && before !== null) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
    const [keys, own] = [Object.keys(before), Object.keys(value)]
    return (
      keys.length === own.length &&
      Object.entries(before).every(([key, b]) => own.includes(key) && isLike(Reflect.get(value, key), b))
    )
  }
  if (typeof before === 'number') return typeof value === 'number' && value >= 0
  return typeof value === typeof before
}
