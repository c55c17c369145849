import { join } from 'node:path'
import { Argument, type Command } from 'commander'
import { KerfError } from '../../base/index.ts'
import {
  type DownloadProgress,
  type FetchedFile,
  fetchCifar10,
  fetchMnist,
  type Verified,
} from '../../data/index.node.ts'
import { human, toJson } from '../../report/index.ts'
import { UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { stopOnSignal } from '../stop.ts'

const fetchers = { mnist: fetchMnist, cifar10: fetchCifar10 } as const
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
  kerf data cifar10 -o data/cifar10
  kerf data mnist --from ~/Downloads/mnist

A download that was cut off goes on where it stopped when the command is called again. MNIST comes as four gzipped IDX
files, CIFAR-10 as its six binary batches; in a recipe they are { "kind": "mnist", "path": "data/mnist" } and likewise cifar10.`

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
      const progress = transferProgress(io)
      const stop = stopOnSignal()
      const files = await fetchers[set]({
        folder,
        from,
        force,
        mirrors: mirror === undefined ? undefined : [mirror],
        signal: stop.signal,
        onProgress: progress.show,
      })
        .catch((error: unknown) => {
          if (!stop.signal.aborted) throw error
          throw new KerfError('stopped', 'Stopped. What came is kept: call again to go on from there.')
        })
        .finally(() => {
          stop.end()
          progress.end()
        })
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

/** A line that is drawn again on a terminal; otherwise one line when a file begins. */
function transferProgress(io: Io) {
  let name: string | undefined
  let began = 0
  let drawn = 0
  const end = () => {
    if (name !== undefined && io.terminal) io.err('\r\u001b[K')
    name = undefined
  }
  const show = (progress: DownloadProgress): void => {
    const now = performance.now()
    if (progress.name !== name) {
      name = progress.name
      began = now
      drawn = 0
      if (!io.terminal)
        io.err(`Fetching ${name}${progress.resumed > 0 ? `, from ${human(progress.resumed, 'B')} on` : ''} …\n`)
    }
    if (!io.terminal || now - drawn < 100) return
    drawn = now
    io.err(`\r${transferLine(progress, (now - began) / 1000).slice(0, (io.columns ?? 80) - 1)}\u001b[K`)
  }
  return { show, end }
}

/** `train-images.gz  42 %  4.2 MB of 9.9 MB  1.3 MB/s  4 s left`, as much of it as is known. */
export function transferLine({ name, bytes, total, resumed }: DownloadProgress, seconds: number): string {
  const rate = seconds > 0 ? (bytes - resumed) / seconds : 0
  return [
    name,
    ...(total === undefined
      ? [human(bytes, 'B')]
      : [`${Math.floor((100 * bytes) / Math.max(1, total))} %`, `${human(bytes, 'B')} of ${human(total, 'B')}`]),
    ...(rate > 0 ? [`${human(rate, 'B')}/s`] : []),
    ...(rate > 0 && total !== undefined ? [`${Math.ceil((total - bytes) / rate)} s left`] : []),
  ].join('  ')
}
