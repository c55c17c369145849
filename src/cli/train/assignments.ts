import { InvalidArgumentError } from 'commander'
import { parseJson } from '../../base/index.ts'

/** `--set optimiser.momentum=0.8`: where, and what. */
export interface Assignment {
  readonly path: readonly string[]
  readonly value: unknown
}

/**
 * `a.b=1`, `transforms[0].size=32`, `schedule.atEpochs=10,20`, `model.net=resnet20`: JSON where it is such, a list where it is numbers with commas (of one number
 * `10,`), otherwise a text; nothing after `=`: the field is left out.
 * @throws InvalidArgumentError, which is wrong usage
 */
export function assignment(text: string, before: readonly Assignment[] = []): Assignment[] {
  const at = text.indexOf('=')
  const path = text
    .slice(0, at)
    .replaceAll(/\[(\d+)\]/g, '.$1')
    .split('.')
  if (at < 1 || path.some((part) => part === '' || part === '__proto__'))
    throw new InvalidArgumentError('Give a field and its value, as in epochs=20 or optimiser.momentum=0.8.')
  return [...before, { path, value: parsed(text.slice(at + 1)) }]
}

function parsed(text: string): unknown {
  if (text === '') return undefined
  const list = text.split(',')
  if (list.at(-1) === '') list.pop()
  if (text.includes(',') && list.every((part) => part.trim() !== '' && Number.isFinite(Number(part))))
    return list.map(Number)
  try {
    return parseJson(text)
  } catch {
    return text
  }
}

/** A copy with the values set, in order; objects and lists on the way are made where they are missing. */
export function assigned(recipe: unknown, assignments: readonly Assignment[]): unknown {
  return assignments.reduce((changed, { path, value }) => withValue(changed, path, value), recipe)
}

function withValue(at: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value
  if ((Array.isArray(at) || at === undefined) && /^\d+$/.test(key)) {
    const copy = [...(at ?? [])]
    copy[Number(key)] = withValue(copy[Number(key)], rest, value)
    return copy
  }
  const object = typeof at === 'object' && at !== null && !Array.isArray(at) ? (at as Record<string, unknown>) : {}
  const { [key]: before, ...others } = object
  const after = withValue(before, rest, value)
  return after === undefined ? others : { ...object, [key]: after }
}
