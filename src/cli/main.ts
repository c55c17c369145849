#!/usr/bin/env node
// The command `kerf`: arguments, messages, exit statuses.
// Not here: the work itself (the other rooms), one command's options (commands/).
// May import: every room, through its index.
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command, CommanderError } from 'commander'
import { KerfError, setMemoryLimit } from '../base/index.ts'
import { suggestChoices } from './choices.ts'
import { messageOf, UsageError } from './errors.ts'
import { type Io, processIo } from './io.ts'
import { stopStatus } from './task.ts'
import { version } from './version.ts'
import { maxMemoryFlag } from './vocabulary.ts'

/** What a file in commands/ exports. */
interface CommandModule {
  /** Adds arguments, options, help and the action, which throws where it fails. */
  define(command: Command, io: Io): void
}

/** In the order of `kerf --help`. A module is only loaded when its command is called, so that the others do not cost time. */
const commands: readonly [name: string, summary: string, load: () => Promise<CommandModule>][] = [
  ['profile', 'count what a model costs, layer by layer', () => import('./commands/profile.ts')],
  ['graph', 'draw a model, coloured by what its layers cost', () => import('./commands/graph.ts')],
  ['studio', 'show a model and what it costs, in a browser', () => import('./commands/studio.ts')],
  ['compare', 'count models side by side', () => import('./commands/compare.ts')],
  ['slim', 'make a model smaller and faster at the same quality, in one go', () => import('./commands/slim.ts')],
  ['prune', 'remove weights, neurons or filters', () => import('./commands/prune.ts')],
  ['sensitivity', 'measure what each layer bears', () => import('./commands/sensitivity.ts')],
  ['train', 'train a network, or fine-tune one', () => import('./commands/train.ts')],
  ['eval', 'measure the accuracy of a model', () => import('./commands/eval.ts')],
  ['data', 'fetch MNIST or CIFAR-10, or check a local copy', () => import('./commands/data.ts')],
  ['run', 'run a model on files, an image or random numbers', () => import('./commands/run.ts')],
  ['bench', 'measure a model: whole, per layer, against other runtimes', () => import('./commands/bench.ts')],
  ['swap', 'exchange convolutions for cheaper ones', () => import('./commands/swap.ts')],
  ['quantize', 'put a network into codes of few bits, calibrated on data', () => import('./commands/quantize.ts')],
  ['import', 'put PyTorch weights into a network, as ONNX', () => import('./commands/import.ts')],
  ['lab', 'put claims about faster convolution to the test', () => import('./commands/lab.ts')],
  ['demo', 'the main job in one go: count, prune half, fine-tune, run both', () => import('./commands/demo.ts')],
  ['criteria', 'list what channels can be ranked by', () => import('./commands/criteria.ts')],
  ['nets', 'list the networks that Kerf builds by name', () => import('./commands/nets.ts')],
  ['new', 'build a layer, a block or a network, as ONNX', () => import('./commands/new.ts')],
  ['formulas', 'what kinds of convolution cost, as formulas and numbers', () => import('./commands/formulas.ts')],
]

async function programFor(argv: readonly string[], io: Io): Promise<Command> {
  const program = new Command('kerf')
    .description('Counts, prunes, trains and runs convolutional networks, from ONNX to ONNX.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .showHelpAfterError('(--help shows what is possible)')
    .exitOverride()
    .configureOutput({
      writeOut: io.out,
      writeErr: io.err,
      outputError: (text, write) => write(text.replace(/^error: /, 'kerf: ')),
      getOutHelpWidth: () => io.columns ?? 100,
      getOutHasColors: () => io.color,
    })
  const [first, second] = argv.filter((a) => !a.startsWith('-'))
  const called = first === 'help' ? second : first
  // A completion script holds the options of every command.
  const completes = called === 'completion'
  for (const [name, summary, load] of commands) {
    const command = program.command(name).description(summary)
    if (name === called || completes) {
      ;(await load()).define(command, io)
      command
        .addOption(maxMemoryFlag())
        .hook('preAction', (_, action) => setMemoryLimit(action.opts<{ maxMemory?: number }>().maxMemory))
      suggestChoices(command)
    }
  }
  const completion = program
    .command('completion')
    .description('print a script that completes commands and options in a shell')
  if (completes) (await import('./completion.ts')).defineCompletion(completion, program, io)
  return program
}

/**
 * Runs one command.
 * @param argv the arguments behind `kerf`
 * @returns 0 done, 1 failed with one message, 2 wrong usage, 130 stopped by Ctrl-C
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  try {
    const program = await programFor(argv, io)
    await program.parseAsync([...argv], { from: 'user' })
    return 0
  } catch (error) {
    // Commander has printed help, version or its message itself.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    io.err(`kerf: ${messageOf(error)}\n`)
    if (process.env.KERF_DEBUG && error instanceof Error) io.err(`${error.stack}\n`)
    if (error instanceof KerfError && (error.code === 'stopped' || error.code === 'aborted')) return stopStatus()
    return error instanceof UsageError ? 2 : 1
  }
}

// npm links the command under another name, hence the real path.
if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  process.exitCode = await run(process.argv.slice(2), processIo())
