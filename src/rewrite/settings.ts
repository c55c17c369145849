import { KerfError } from '../base/index.ts'

/** What a rewrite lets be set: its default, what it means, and which values it takes. `switchSetting`, `numberSetting` and `numbersSetting` make some. */
export interface Setting<V> {
  /** Where nobody sets it. */
  readonly default: V
  /** What it says, as the help of the command line has it: `branches for each layer`. */
  readonly what: string
  /** What the command line takes behind its flag: `<n>`. Undefined: nothing, the flag switches it on. */
  readonly value?: string
  /** Which values it takes, as in "Give a whole number above 0." */
  readonly takes: string
  /**
   * Whether it takes a value.
   * @param value of any kind
   */
  accepts(value: unknown): value is V
  /**
   * The value that a text means, which may be none that it takes.
   * @param text from the command line
   */
  parse(text: string): unknown
}

/** A setting for each of those that a rewrite has. */
export type Settings<S extends object> = { readonly [K in keyof S]-?: Setting<S[K]> }

/**
 * On or off; off by default.
 * @param what it does where it is on
 */
export const switchSetting = (what: string): Setting<boolean> => ({
  ...{ default: false, what, takes: 'Give true or false.' },
  accepts: (value) => typeof value === 'boolean',
  parse: () => true,
})

/** What a number may be. */
export interface NumberRange {
  /** That it is not below. */
  readonly least: number
  /** That it is not above; undefined: any. */
  readonly most?: number
  /** Whether it is a whole number. */
  readonly whole?: boolean
}

const isWithin = (value: unknown, { least, most = Number.MAX_SAFE_INTEGER, whole }: NumberRange): value is number =>
  typeof value === 'number' && value >= least && value <= most && (!whole || Number.isSafeInteger(value))

const rangeText = ({ least, most, whole }: NumberRange): string =>
  `${whole ? 'whole number' : 'number'} ${most === undefined ? `from ${least} on` : `from ${least} to ${most}`}`

const numberOf = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text))

/**
 * A number, or nothing where the default is undefined.
 * @param fallback the default
 * @param what it says, for the help of the command line
 * @param range what it may be
 */
export const numberSetting = <D extends number | undefined>(
  fallback: D,
  what: string,
  range: NumberRange,
): Setting<number | D> => ({
  ...{ default: fallback, what, value: '<n>', takes: `Give a ${rangeText(range)}.` },
  accepts: (value): value is number | D => isWithin(value, range) || (value === undefined && fallback === undefined),
  parse: numberOf,
})

/**
 * Several numbers, or nothing. The command line takes them with commas between.
 * @param count how many there must be
 * @param what they say, for the help of the command line
 * @param range what each may be
 */
export const numbersSetting = (
  count: number,
  what: string,
  range: NumberRange,
): Setting<readonly number[] | undefined> => ({
  ...{
    default: undefined,
    what,
    value: '<n,n>',
    takes: `Give ${count} numbers with a comma between, each a ${rangeText(range)}.`,
  },
  accepts: (value): value is readonly number[] | undefined =>
    value === undefined || (Array.isArray(value) && value.length === count && value.every((v) => isWithin(v, range))),
  parse: (text) => text.split(',').map(numberOf),
})

/**
 * Settings as they are: what is given, and defaults for the others.
 * @param rewrite its name, for messages
 * @throws KerfError `unknown-setting`, with those that there are; `bad-setting` for a value that it does not take
 */
export function settingsFrom<S extends object>(rewrite: string, settings: Settings<S>, given: object = {}): S {
  // A rewrite without a type of its own has settings all the same.
  const known = new Map(Object.entries(settings as Readonly<Record<string, Setting<unknown>>>))
  const values = Object.entries(given).filter(([, value]) => value !== undefined)
  for (const [name, value] of values) {
    const setting = known.get(name)
    if (!setting)
      throw new KerfError(
        'unknown-setting',
        `The rewrite ${rewrite} has no setting "${name}". It has: ${[...known.keys()].join(', ') || 'none'}.`,
        { rewrite, setting: name },
      )
    if (!setting.accepts(value))
      throw new KerfError(
        'bad-setting',
        `The setting "${name}" of the rewrite ${rewrite} cannot be ${JSON.stringify(value) ?? String(value)}. ${setting.takes}`,
        { rewrite, setting: name, received: value },
      )
  }
  // Every setting has a default, and every value was looked at above.
  return { ...Object.fromEntries([...known].map(([name, s]) => [name, s.default])), ...Object.fromEntries(values) } as S
}
