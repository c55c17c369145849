import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { Argument, type Command } from 'commander'
import colors from 'picocolors'
import { openData, parseComparisonRecipe, runComparison } from '../../api/files.node.ts'
import {
  checksTable,
  type Experiment,
  experimentOf,
  experiments,
  experimentsTable,
  type LabContext,
  labHtml,
  type Outcome,
  outcomeCharts,
  outcomeJson,
  outcomeMarkdown,
  outcomeReport,
  proseText,
  runExperiment,
  verdictText,
} from '../../api/lab.ts'
import { measureLimit } from '../../api/runtime.node.ts'
import { parseRecipe } from '../../api/train.ts'
import { checkFolder, clockFor, isAborted, KerfError, makeFolder, type Task } from '../../base/index.node.ts'
import { digitsFrom } from '../../lab/index.node.ts'
import { chartsSvg, toJson } from '../../report/index.ts'
import { nodeRuntime } from '../../runtime/index.node.ts'
import { UsageError } from '../errors.ts'
import { givenModel } from '../given-model.ts'
import type { Io } from '../io.ts'
import { openPeers } from '../lab/peers.ts'
import { checkOutput, writeWholeFile } from '../output.ts'
import { terminalText } from '../print.ts'
import { withTask } from '../task.ts'
import { readRecipe } from '../train/read-recipe.ts'
import { version } from '../version.ts'
import { seedFlag, threadsFlag } from '../vocabulary.ts'

interface Options {
  readonly all?: boolean
  readonly seed: number
  readonly full?: boolean
  readonly data?: string
  readonly model?: string
  readonly recipe?: string
  readonly threads: number
  readonly output?: string
  readonly report?: string
  readonly json?: boolean
  readonly force?: boolean
}

const examples = `
Without a name, lists the experiments. Each states a claim, puts it to the test, and says whether it holds.

Examples:
  kerf lab
  kerf lab variance
  kerf lab similarity --data data/mnist --seed 3 -o out
  kerf lab --all --full --report out
  kerf lab filter-pruning --recipe recipes/compare-resnet20a.json -o out
  kerf lab design-space --full --recipe recipes/cifar10-resnet20.json`

export function define(command: Command, io: Io): void {
  command
    .addArgument(new Argument('[name]', 'an experiment').choices(experiments.map((e) => e.name)))
    .option('--all', 'all experiments')
    .addOption(seedFlag('draws everything that is random'))
    .option('--full', 'settings for reports: minutes instead of seconds')
    .option('--data <folder>', 'MNIST (default: data/mnist where it is, else generated pictures)')
    .option(
      '--model <file>',
      'ONNX: a trained adder network for quantisation, any classifier for allocation (default: trained on the spot)',
    )
    .option(
      '--recipe <file>',
      'for filter-pruning: network, data, criteria, budgets and seeds, as JSON; called again, it goes on where it was stopped; for design-space: a training recipe, whose images are taken',
    )
    .addOption(threadsFlag('threads of the kernels'))
    .option('-o, --output <folder>', 'write NAME.json, NAME.svg and NAME.md')
    .option('--report <folder>', 'write one page with everything: index.html')
    .option('--json', 'print JSON')
    .option('--force', 'replace files that exist')
    .addHelpText('after', examples)
    .action(async (name: string | undefined, options: Options) => {
      const chosen = choose(name, options)
      if (!chosen) list(options, io)
      else await withTask(io, (task, io) => runAll(chosen, options, task, io))
    })
}

/** They take a recipe. */
const filterPruning = 'filter-pruning'
const designSpace = 'design-space'

/** Undefined: none is asked for. */
function choose(name: string | undefined, options: Options): readonly Experiment[] | undefined {
  const { all, output, report } = options
  if (options.recipe !== undefined && name !== filterPruning && name !== designSpace)
    throw new UsageError(
      `--recipe is for two experiments: kerf lab ${filterPruning} (or ${designSpace}) --recipe FILE.`,
    )
  if (name !== undefined && all) throw new UsageError(`Give --all or the name "${name}", not both.`)
  if (all) return experiments
  if (name === undefined) {
    if (output !== undefined || report !== undefined)
      throw new UsageError('Say which experiment is to be run, or --all; kerf lab lists them.')
    return undefined
  }
  return [experimentOf(name)]
}

function list({ json }: Options, io: Io): void {
  if (json) {
    io.out(
      toJson(experiments.map(({ name, title, claim, source, duration }) => ({ name, title, claim, source, duration }))),
    )
    return
  }
  io.out(
    terminalText(
      {
        title: 'Experiments',
        facts: [],
        tables: [experimentsTable(experiments)],
        notes: ['kerf lab NAME runs one with quick settings, --full with those for reports.'],
      },
      io,
    ),
  )
}

async function runAll(chosen: readonly Experiment[], options: Options, task: Task, io: Io): Promise<void> {
  const { seed, full, threads, output, report, force } = options
  // What cannot be written is found before the work.
  const files = output === undefined ? [] : chosen.map((e) => filesOf(output, e))
  const page = report === undefined ? undefined : join(report, 'index.html')
  for (const folder of [output, report]) if (folder !== undefined) checkName(folder)
  for (const path of [...files.flatMap((f) => Object.values(f)), ...(page === undefined ? [] : [page])])
    if (existsSync(path)) checkOutput(path, { force })
  const digits = digitsFrom(options.data, seed)
  const model = options.model === undefined ? undefined : givenModel(options.model)
  const { recipe } = options
  const isDesigns = chosen[0]?.name === designSpace
  const comparison = recipe === undefined || isDesigns ? undefined : comparisonOf(recipe)
  const images = recipe !== undefined && isDesigns ? () => imagesOf(recipe, task) : undefined
  const outcomes: Outcome[] = []
  // An experiment opens many networks: what is not installed is said once.
  const told = new Set<string>()
  const toldOnce: Io = {
    ...io,
    err: (text) => {
      if (!told.has(text)) io.err(text)
      told.add(text)
    },
  }
  let interrupted: Experiment | undefined
  for (const [i, experiment] of chosen.entries()) {
    const outcome = await runExperiment(experiment, {
      seed,
      full,
      threads,
      digits,
      images,
      model,
      comparison,
      runtime: nodeRuntime,
      measureLimit,
      clock: clockFor(threads),
      peers: (network, feeds) => openPeers(network, feeds, threads, toldOnce),
      ...task,
    }).catch((error: unknown) => {
      if (!isAborted(error)) throw error
      return undefined
    })
    if (outcome === undefined) {
      interrupted = experiment
      break
    }
    outcomes.push(outcome)
    if (!options.json) show(outcome, io)
    const written = files[i]
    if (written && output !== undefined) write(outcome, written, output, options, io)
  }
  // What finished is kept, also where Ctrl-C came in between.
  const [first] = outcomes
  if (first === undefined) throw stopped(interrupted!, 0, chosen)
  if (options.json) io.out(toJson(options.all ? outcomes.map(outcomeJson) : outcomeJson(first)))
  if (page !== undefined && report !== undefined) {
    makeFolder(report)
    writeWholeFile(page, labHtml('Faster convolution: the experiments', outcomes, circumstances(chosen, options)), {
      force,
    })
    io.err(`Wrote ${page}.\n`)
  }
  if (options.all && !options.json) io.out(summary(outcomes, io))
  if (interrupted) throw stopped(interrupted, outcomes.length, chosen)
}

/** What a recipe asks for. */
function comparisonOf(path: string): LabContext['comparison'] {
  const recipe = parseComparisonRecipe(readRecipe(path))
  const { model, data, output, transforms: _, ...settings } = recipe
  return {
    what: `${model}, ${data.kind}`,
    settings,
    async compare(task) {
      try {
        return await runComparison(recipe, task)
      } catch (error) {
        if (!isAborted(error)) throw error
        throw new KerfError('stopped', `Stopped. What is done is kept in ${output}: the same command goes on.`)
      }
    },
  }
}

/** The images of a training recipe, as it changes them. */
async function imagesOf(path: string, task: Task) {
  const { data, transforms } = parseRecipe(readRecipe(path))
  return { name: data.kind === 'cifar10' ? 'CIFAR-10' : path, sets: await openData(data, task), transforms }
}

const stopped = ({ name }: Experiment, finished: number, chosen: readonly Experiment[]): KerfError =>
  new KerfError(
    'stopped',
    finished === 0
      ? 'Stopped. Nothing was written for the experiment under way.'
      : `Stopped in "${name}", of which nothing was written. ${finished} of ${chosen.length} experiments are finished and kept.`,
    { experiment: name, finished },
  )

const filesOf = (folder: string, { name }: Experiment) => ({
  json: join(folder, `${name}.json`),
  svg: join(folder, `${name}.svg`),
  markdown: join(folder, `${name}.md`),
})

function checkName(folder: string): void {
  if (folder === '') throw new UsageError('The name of the folder is empty. Give one, as in -o out.')
  checkFolder(folder)
}

function write(outcome: Outcome, files: ReturnType<typeof filesOf>, folder: string, { force }: Options, io: Io): void {
  makeFolder(folder)
  const { name } = outcome.experiment
  const pictured = outcome.charts.length > 0
  writeWholeFile(files.json, toJson(outcomeJson(outcome)), { force })
  if (pictured) writeWholeFile(files.svg, chartsSvg(outcome.charts), { force })
  writeWholeFile(files.markdown, outcomeMarkdown(outcome, pictured ? `${name}.svg` : undefined), { force })
  const list = [files.json, ...(pictured ? [files.svg] : []), files.markdown]
  io.err(`Wrote ${list.join(', ')}.\n`)
}

function show(outcome: Outcome, io: Io): void {
  const { cyan, yellow, green, magenta, red, blue } = colors.createColors(io.color)
  io.out(`${terminalText(outcomeReport(outcome), io)}\n`)
  if (outcome.charts.length > 0)
    io.out(
      `${outcomeCharts(outcome, {
        width: Math.min(io.columns ?? 80, 100),
        ...(io.color ? { colors: [cyan, yellow, green, magenta, red, blue] } : {}),
      })}\n`,
    )
  const notes = outcome.notes?.map(proseText)
  io.out(
    `${terminalText({ title: verdictText(outcome), facts: [], tables: [checksTable(outcome.checks)], notes }, io)}\n`,
  )
}

const summary = (outcomes: readonly Outcome[], io: Io): string =>
  terminalText(
    {
      title: `${outcomes.filter((o) => o.holds).length} of ${outcomes.length} claims hold`,
      facts: [],
      tables: [
        {
          columns: [
            { key: 'name', header: 'Experiment' },
            { key: 'time', header: 'Seconds', kind: 'ratio' },
            { key: 'verdict', header: 'Verdict' },
          ],
          rows: outcomes.map((o) => [o.experiment.name, Number((o.timeMs / 1000).toPrecision(3)), verdictText(o)]),
        },
      ],
    },
    io,
  )

/** The command that makes the page again. */
function commandText(chosen: readonly Experiment[], options: Options): string {
  const { all, full, seed, data, model, recipe, threads, output, report } = options
  const given = { data, model, recipe, output, report }
  return [
    `kerf lab ${all ? '--all' : chosen.map((e) => e.name).join(' ')}${full ? ' --full' : ''} --seed ${seed} --threads ${threads}`,
    ...Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${quoted(value)}`])),
  ].join(' ')
}

/** For a shell. */
const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)

const circumstances = (chosen: readonly Experiment[], options: Options): [string, string][] => [
  ['Command', commandText(chosen, options)],
  ['Kerf', version()],
  ['Machine', `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores; Node ${process.version}`],
  ['Date', new Date().toISOString().slice(0, 10)],
]
