// Options that benchmarks share.

import { parseArgs } from 'node:util'

/** What an option's text stands for. */
const kinds = {
  numbers: (text) => text.split(',').map(Number),
  names: (text) => text.split(','),
  number: Number,
  text: (text) => text,
}

/** What is wrong with a command line, in words. */
export class OptionError extends Error {}

/**
 * Reads a benchmark's command line: `--threads 1,2`, `--rounds 9` and `--json FILE`, and what the benchmark has besides.
 * @param {string[]} args
 * @template {Record<string, unknown>} D
 * @param {D} defaults every option with its default: a list (of numbers or of
 *   names), a number, or false for a switch
 * @param {Record<string, readonly string[]>} known names that an option may have
 * @returns {D & { json?: string }} the options' values; `json` is undefined where it is not given
 * @throws OptionError
 */
export function benchOptions(args, defaults, known = {}) {
  const kindOf = (value) => {
    if (Array.isArray(value)) return typeof value[0] === 'number' ? kinds.numbers : kinds.names
    return typeof value === 'number' ? kinds.number : kinds.text
  }
  const types = Object.fromEntries(
    [...Object.entries(defaults), ['json', '']].map(([name, value]) => [
      name,
      { type: typeof value === 'boolean' ? 'boolean' : 'string' },
    ]),
  )
  const { values } = parsed(args, types)
  const given = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === 'boolean' ? value : kindOf(defaults[name])(value),
  ])
  const options = { ...defaults, ...Object.fromEntries(given) }
  for (const [name, value] of Object.entries(options))
    if ([value].flat().some((v) => typeof v === 'number' && !(v > 0)))
      throw new OptionError(`--${name} takes numbers above 0, separated by commas where there are several.`)
  for (const [name, names] of Object.entries(known)) {
    const unknown = options[name].filter((given) => !names.includes(given))
    if (unknown.length > 0)
      throw new OptionError(`--${name}: there is no ${unknown.join(', ')}. There are: ${names.join(', ')}.`)
  }
  return options
}

function parsed(args, options) {
  try {
    return parseArgs({ args, options })
  } catch (error) {
    throw new OptionError(error.message)
  }
}

/** `1 thread`, `2 threads`. */
export const threadsText = (threads) => `${threads} ${threads === 1 ? 'thread' : 'threads'}`
