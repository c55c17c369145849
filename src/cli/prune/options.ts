import { type Command, InvalidArgumentError, Option } from 'commander'
import { criteria, type NmPattern, type PruneMethod, type Scope } from '../../api/prune.ts'
import { type NamePattern, namePattern } from '../../base/index.ts'
import { listOf } from '../choices.ts'
import { portion } from '../options.ts'

const methods: readonly PruneMethod[] = ['filter', 'neuron', 'weight', 'nm', 'input']

/** @throws InvalidArgumentError, which is wrong usage, as all below */
export function part(text: string): number {
  const value = portion(text)
  if (!(value > 0 && value < 1))
    throw new InvalidArgumentError('Give a number between 0 and 1 (both excluded), as in 0.5 or 50%.')
  return value
}

export function methodList(text: string): PruneMethod[] {
  return listOf('method', methods, text)
}

/** `filter,neuron`: those that remove channels. */
function channelMethods(text: string): ('filter' | 'neuron')[] {
  const list = methodList(text)
  const wrong = list.find((m) => m !== 'filter' && m !== 'neuron')
  if (wrong) throw new InvalidArgumentError(`Groups of channels are those of filter and neuron, not of ${wrong}.`)
  return list as ('filter' | 'neuron')[]
}

/** `2:4`. */
export function nmPattern(text: string): NmPattern {
  const [n, m] = (/^(\d{1,9}):(\d{1,9})$/.exec(text)?.slice(1) ?? []).map(Number)
  if (n === undefined || m === undefined || n < 1 || n >= m)
    throw new InvalidArgumentError('Give how many weights stay of how many, N:M with 1 ≤ N < M, as in 2:4.')
  return { n, m }
}

function matcher(glob: string): NamePattern {
  if (glob === '') throw new InvalidArgumentError("Give the name of a layer or a pattern, as in '*layer4*'.")
  return namePattern(glob)
}

export const keep = (glob: string, before: readonly NamePattern[] = []): NamePattern[] => [...before, matcher(glob)]

export function perLayer(text: string, before: NonNullable<Scope['perLayer']> = []): NonNullable<Scope['perLayer']> {
  const at = text.lastIndexOf('=')
  const ratio = Number(text.slice(at + 1))
  if (at < 1 || text.slice(at + 1).trim() === '' || !(ratio >= 0 && ratio < 1))
    throw new InvalidArgumentError("Give a pattern and a ratio from 0 to below 1, as in '*layer1*=0.2'.")
  return [...before, { ...matcher(text.slice(0, at)), ratio }]
}

/** What `addChannelFlags` gives a command. */
export interface ChannelFlags {
  readonly criterion: string
  readonly method: readonly ('filter' | 'neuron')[]
  readonly keep?: readonly NamePattern[]
}

/** Which channels go first, which may go, and which may not. */
export const addChannelFlags = (command: Command): Command =>
  command
    .addOption(
      new Option('-c, --criterion <name>', 'which channels go first')
        .choices(criteria.map((c) => c.name))
        .default('l2'),
    )
    .addOption(
      new Option('-m, --method <list>', 'filter, neuron')
        .argParser(channelMethods)
        .default(['filter', 'neuron'], 'filter,neuron'),
    )
    .option('--keep <glob>', 'layers to leave alone, by name of node or weight (repeatable)', keep)
