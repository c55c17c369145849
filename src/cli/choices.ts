import { type Command, InvalidArgumentError } from 'commander'
import { didYouMean } from '../base/index.ts'

/* Values of which there are only some: whoever mistypes one is asked whether another was meant. */

/** Adds the question to what commander says of wrong values. */
export function suggestChoices(command: Command): void {
  for (const taking of [...command.options, ...command.registeredArguments]) {
    const { argChoices, parseArg } = taking
    if (!argChoices || !parseArg) continue
    taking.parseArg = (value, before) => {
      try {
        return parseArg(value, before)
      } catch (error) {
        if (!(error instanceof InvalidArgumentError)) throw error
        throw new InvalidArgumentError(`${error.message}${didYouMean(value, argChoices)}`)
      }
    }
  }
}

/**
 * `filter,neuron`
 * @param what what messages call one of them
 * @throws InvalidArgumentError, which is wrong usage
 */
export function listOf<Name extends string>(what: string, names: readonly Name[], text: string): Name[] {
  const list = text.split(',').map((name) => name.trim())
  const wrong = list.filter((name) => !(names as readonly string[]).includes(name))
  if (wrong.length > 0)
    throw new InvalidArgumentError(
      `There is no ${what} ${wrong.join(', ')}; there are ${names.join(', ')}.${didYouMean(wrong[0]!, names)}`,
    )
  return [...new Set(list)] as Name[]
}
