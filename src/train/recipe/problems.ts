import * as z from 'zod/mini'
import { $ZodDiscriminatedUnion, $ZodUnion } from 'zod/v4/core'
import { nearestName } from '../../base/index.ts'

/** Something wrong at one place of a recipe; `path` is as in JavaScript: `transforms[1].kind`. */
export interface RecipeProblem {
  /** `(recipe)` for the whole. */
  readonly path: string
  /** What was given, and what is expected. */
  readonly problem: string
}

type Path = readonly PropertyKey[]
type Issue = z.core.$ZodIssue

export const pathText = (path: Path): string =>
  path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`),
    '',
  ) || '(recipe)'

/** What zod found, in words: each place once, with what is allowed there. */
export function problemsOf(issues: readonly Issue[], schema: z.ZodMiniType, input: unknown): RecipeProblem[] {
  return issues.flatMap((issue) => problemsOfIssue(issue, [], schema, input))
}

function problemsOfIssue(issue: Issue, above: Path, schema: z.ZodMiniType, input: unknown): RecipeProblem[] {
  const path = [...above, ...issue.path]
  const value = valueAt(input, path)
  if (issue.code === 'unrecognized_keys') return unknownNames(issue.keys, path, schema, input)
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const simple = issue.errors.every((branch) =>
      branch.every((i) => i.path.length === 0 && i.code !== 'unrecognized_keys'),
    )
    // Nothing that tells the alternatives apart was given.
    const lacking = issue.errors.map((branch) => (branch.length === 1 ? branch[0] : undefined))
    if (lacking.every((i) => i !== undefined && i.path.length === 1 && valueAt(value, i.path) === undefined))
      return [{ path: pathText(path), problem: `give ${lacking.map((i) => pathText(i?.path ?? [])).join(' or ')}` }]
    // Of several shapes, the one that the value is nearest to.
    const nearest = issue.errors.reduce((a, b) => (b.length < a.length ? b : a))
    if (!simple) return nearest.flatMap((i) => problemsOfIssue(i, path, schema, input))
    const expected = [...new Set(issue.errors.flat().map((i) => expectation(i)))].join(', or ')
    return [{ path: pathText(path), problem: `${received(value)}; expected ${expected}` }]
  }
  const expected = expectation(issue)
  const near = typeof value === 'string' ? nearestName(value, namesOf(issue)) : undefined
  const hint = near === undefined ? '' : `. Did you mean ${JSON.stringify(near)}?`
  return [{ path: pathText(path), problem: `${received(value)}; expected ${expected}${hint}` }]
}

function unknownNames(keys: readonly string[], path: Path, schema: z.ZodMiniType, input: unknown): RecipeProblem[] {
  const allowed = Object.keys(shapeAt(schema, path, input) ?? {})
  return keys.map((key) => {
    const near = nearestName(key, allowed)
    const hint = near === undefined ? '' : ` Did you mean ${near}?`
    return { path: pathText([...path, key]), problem: `no such name.${hint} Allowed here: ${allowed.join(', ')}` }
  })
}

const received = (value: unknown): string => {
  if (value === undefined) return 'missing'
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value))
  return `received ${text.length > 60 ? `${text.slice(0, 59)}…` : text}`
}

const typeNames: Readonly<Record<string, string>> = {
  number: 'a number',
  int: 'an integer',
  string: 'a text',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  tuple: 'a list',
}

const listed = (values: readonly unknown[]) =>
  values.length === 1 ? JSON.stringify(values[0]) : `one of ${values.map((v) => JSON.stringify(v)).join(', ')}`

function namesOf(issue: Issue): string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String)
  return discriminators(issue).map(String)
}

/** zod names the values of a union's discriminator in `options`. */
const discriminators = (issue: Issue): readonly unknown[] =>
  issue.code === 'invalid_union' && 'options' in issue && Array.isArray(issue.options) ? issue.options : []

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeNames[issue.expected] ?? issue.expected
    case 'invalid_value':
      return listed(issue.values)
    case 'invalid_union':
      return listed(discriminators(issue))
    case 'too_small':
    case 'too_big':
      return limit(issue)
    default:
      return issue.message
  }
}

function limit(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const small = issue.code === 'too_small'
  const bound = small ? issue.minimum : issue.maximum
  if (issue.origin === 'string') return 'a text that is not empty'
  if (issue.origin === 'array') return `a list of ${small ? 'at least' : 'at most'} ${bound}`
  return small
    ? `a number ${issue.inclusive ? 'of at least' : 'greater than'} ${bound}`
    : `a number ${issue.inclusive ? 'of at most' : 'less than'} ${bound}`
}

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    input,
  )
}

export type Shape = Readonly<Record<string, z.ZodMiniType>>

/** The fields that an object may have at a path, given what else it has. */
function shapeAt(schema: z.ZodMiniType, path: Path, input: unknown): Shape | undefined {
  const plain = unwrapped(schema)
  const [key, ...rest] = path
  const shape = shapeOf(plain, input)
  if (key === undefined) return shape
  const next = plain instanceof z.ZodMiniArray ? elementOf(plain) : shape?.[String(key)]
  return next && shapeAt(next, rest, valueAt(input, [key]))
}

/** What a list is made of. */
export const elementOf = (list: z.ZodMiniArray): z.ZodMiniType => list.def.element as z.ZodMiniType

/** Without "optional" and "default" around it. */
export function unwrapped(schema: z.ZodMiniType): z.ZodMiniType {
  return schema instanceof z.ZodMiniOptional ||
    schema instanceof z.ZodMiniDefault ||
    schema instanceof z.ZodMiniPrefault
    ? unwrapped(schema.def.innerType as z.ZodMiniType)
    : schema
}

/** The fields of an object, or of that alternative of a union which the value is nearest to. */
export function shapeOf(schema: z.ZodMiniType, value: unknown): Shape | undefined {
  const plain = unwrapped(schema)
  if (plain instanceof z.ZodMiniObject) return plain.shape as Shape
  if (!(plain instanceof $ZodUnion)) return undefined
  const errors = (option: z.ZodMiniType) => {
    const result = option.safeParse(value)
    // Another alternative's fields are wrong by one each.
    return result.success
      ? 0
      : result.error.issues.reduce((n, i) => n + (i.code === 'unrecognized_keys' ? i.keys.length : 1), 0)
  }
  const objects = (plain._zod.def.options as z.ZodMiniType[]).filter((option) => option instanceof z.ZodMiniObject)
  const discriminator = plain instanceof $ZodDiscriminatedUnion ? plain._zod.def.discriminator : undefined
  const fits = (option: z.ZodMiniType) =>
    discriminator === undefined ||
    ((option as z.ZodMiniObject).shape[discriminator] as z.ZodMiniType).safeParse(valueAt(value, [discriminator]))
      .success
  const [best] = objects.filter(fits).sort((a, b) => errors(a) - errors(b))
  return (best as z.ZodMiniObject | undefined)?.shape as Shape | undefined
}
