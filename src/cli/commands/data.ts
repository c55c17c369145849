import { join } from 'node:path'
import { Argument, type Command } from 'commander'
import { type FetchedFile, fetchCifar10, fetchFashionMnist, fetchMnist, type Verified } from '../../api/files.node.ts'
import { isAborted, KerfError, type Progress } from '../../base/index.ts'
import { human, toJson } from '../../report/index.ts'
import { UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { withTask } from '../task.ts'

const fetchers = { mnist: fetchMnist, 'fashion-mnist': fetchFashionMnist, cifar10: fetchCifar10 } as const
type SetName = keyof typeof fetchers

interface Options {
  readonly output?: string
  readonly from?: string
  readonly mirror?: string
  readonly force?: boolean
  readonly json?: boolean
}

const examples = `
Examples:
  kerf data mnist
  kerf data fashion-mnist          # from the Debian package dataset-fashion-mnist where that is installed
  kerf data cifar10 -o data/cifar10
  kerf data mnist --from ~/Downloads/mnist

A download that was cut off goes on where it stopped when the command is called again. MNIST and Fashion-MNIST come as four gzipped
IDX files, CIFAR-10 as its six binary batches; in a recipe they are { "kind": "mnist", "path": "data/mnist" }, likewise fashion-mnist and cifar10.`

export function define(command: Command, io: Io): void {
  command
    .addArgument(new Argument('<set>', 'which data set').choices(Object.keys(fetchers)))
    .option('-o, --output <folder>', 'where to (default: data/ and the name of the set)')
    .option('--from <folder>', 'take a local copy, checked, instead of downloading')
    .option('--mirror <url>', 'address of a folder to download from instead of the official ones; the checksums stay')
    .option('--force', 'replace other files of the same names')
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', examples)
    .action(async (set: SetName, options: Options) => {
      const { from, mirror, force } = options
      if (options.output === '') throw new UsageError('The name of the folder is empty. Give one, as in -o data.')
      if (from !== undefined && mirror !== undefined)
        throw new UsageError('--from takes a local copy and --mirror downloads. Give one of them.')
      const folder = options.output ?? join('data', set)
      const files = await withTask(io, ({ signal, progress }) =>
        fetchers[set]({
          folder,
          from,
          force,
          mirrors: mirror === undefined ? undefined : [mirror],
          signal,
          progress: io.terminal ? progress : announcing(io),
        }).catch((error: unknown) => {
          if (!isAborted(error)) throw error
          throw new KerfError('stopped', 'Stopped. What came is kept: call again to go on from there.')
        }),
      )
      if (options.json) io.out(toJson({ set, folder, files }))
      else io.out(files.map(lineOf).join(''))
    })
}

const states: Readonly<Record<FetchedFile['state'], string>> = {
  fetched: 'fetched',
  copied: 'copied',
  there: 'already there',
}
const verifications: Readonly<Record<Verified, string>> = {
  file: 'the published checksum',
  content: 'the checksum of the published content (it is packed differently)',
  structure: 'sizes, counts and labels only; its checksum is not one that is published',
}

const lineOf = ({ path, bytes, state, verified }: FetchedFile): string =>
  `${path}  ${human(bytes, 'B')}, ${states[state]}; verified: ${verifications[verified]}\n`

/** Where there is no terminal with a bar: one line when a file begins. */
function announcing(io: Io): (progress: Progress) => void {
  let name: string | undefined
  return ({ what, from = 0 }) => {
    if (what === name) return
    name = what
    io.err(`Fetching ${what}${from > 0 ? `, from ${human(from, 'B')} on` : ''} …\n`)
  }
}
