import { type Command, InvalidArgumentError, Option } from 'commander'
import picomatch from 'picomatch'
import { KerfError } from '../../base/index.ts'
import type { Model } from '../../graph/index.ts'
import { readModelFile, type WrittenModel, writeModelFile } from '../../onnx/index.node.ts'
import {
  type Criterion,
  criteria,
  type LayerMatcher,
  type PruneMethod,
  type PruneResult,
  pruneModel,
  type Scope,
} from '../../prune/index.ts'
import { toJson } from '../../report/index.ts'
import { type Agreement, checkAgreement, toleranceFor } from '../agreement.ts'
import { UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { loadOrt } from '../onnx-runtime.ts'
import { type InputShapes, inputShape, positiveInteger } from '../options.ts'
import { checkOutput } from '../output.ts'
import { terminalText } from '../print.ts'
import { pruneReport } from '../prune-report.ts'

const methods: readonly PruneMethod[] = ['filter', 'neuron', 'weight', 'input']

interface Options {
  readonly output?: string
  readonly ratio?: number
  readonly ratios?: NonNullable<Scope['perLayer']>
  readonly targetMacs?: number
  readonly targetParams?: number
  readonly global?: boolean
  readonly maxRatio?: number
  readonly roundTo?: number
  readonly method: readonly PruneMethod[]
  readonly criterion: Criterion
  readonly seed: number
  readonly keep?: readonly LayerMatcher[]
  readonly allowOutputs?: boolean
  readonly input?: InputShapes
  readonly explain?: boolean
  readonly dryRun?: boolean
  readonly check: boolean
  readonly externalData: 'auto' | 'always' | 'never'
  readonly json?: boolean
  readonly force?: boolean
}

const examples = `
Examples:
  kerf prune model.onnx -o smaller.onnx --ratio 0.5
  kerf prune model.onnx -o smaller.onnx --target-macs 0.5 --global --round-to 8
  kerf prune model.onnx -o smaller.onnx --ratio 0.5 --keep '*layer4*' --ratios '*layer1*=0.2'
  kerf prune model.onnx --ratio 0.5 --method filter,neuron --explain --dry-run

What is removed (--method):
  filter   output channels of convolutions and everything that hangs on them (default)
  neuron   outputs of linear layers, likewise; filter,neuron takes both
  weight   single weights are set to zero: nothing is removed, a dense runtime gains nothing
  input    linear layers stop looking at some of their inputs`

export function define(command: Command, io: Io): void {
  command
    .argument('<model>', 'an ONNX file')
    .option('-o, --output <file>', 'the smaller model')
    .option('-r, --ratio <part>', 'part of the channels (weights, inputs) to remove, between 0 and 1', part)
    .option('--ratios <glob=part>', 'a ratio of their own for some layers; 0 keeps them whole (repeatable)', perLayer)
    .addOption(
      new Option('--target-macs <part>', 'remove until this part of the MACs remains')
        .argParser(part)
        .conflicts(['ratio', 'targetParams']),
    )
    .addOption(
      new Option('--target-params <part>', 'remove until this part of the parameters remains')
        .argParser(part)
        .conflicts('ratio'),
    )
    .option('--global', 'rank the channels of all layers together')
    .option('--max-ratio <part>', 'with --global: the most that one layer may lose (default: 0.9)', part)
    .option('--round-to <n>', 'widths that remain are multiples of n', positiveInteger)
    .addOption(
      new Option('-m, --method <list>', 'filter, neuron, weight or input')
        .argParser(methodList)
        .default(['filter'], 'filter'),
    )
    .addOption(new Option('-c, --criterion <name>', 'what matters least').choices(criteria).default('l2'))
    .addOption(new Option('--seed <n>', 'for --criterion random').argParser(integer).default(0))
    .option('--keep <glob>', 'layers to leave alone, by name of node or weight (repeatable)', keep)
    .option('--allow-outputs', 'let the outputs of the model shrink too')
    .option('-i, --input <shape>', 'shape of an input: N,C,H,W, or name:N,C,H,W (repeatable)', inputShape)
    .option('--explain', 'show every group: what goes together, through which nodes')
    .option('--dry-run', 'show what would be done, write and run nothing')
    .option('--no-check', 'do not run the masked and the cut network against each other')
    .addOption(
      new Option('--external-data <when>', 'weights in a file of their own')
        .choices(['auto', 'always', 'never'])
        .default('auto'),
    )
    .option('--json', 'print JSON')
    .option('--force', 'replace the output if it exists')
    .addHelpText('after', examples)
    .action(async (path: string, options: Options) => {
      if (options.output === undefined && !options.dryRun)
        throw new UsageError('Say where the smaller model goes: -o smaller.onnx (or --dry-run to write nothing).')
      if (options.output !== undefined && !options.dryRun)
        checkOutput(options.output, { force: options.force, inputs: [path] })
      const model = readModelFile(path)
      const result = pruneModel(model, pruneOptions(options))
      const { check, why } = await proof(result, options)
      const written = options.dryRun
        ? undefined
        : writeModelFile(result.model, options.output as string, {
            force: options.force,
            externalData: options.externalData,
            protect: [path],
          })
      io.out(
        options.json
          ? json(result, check, written)
          : terminalText(
              pruneReport(path, result, {
                check,
                why,
                written,
                explain: options.explain,
                weight: options.method.includes('weight'),
              }),
              io,
            ),
      )
    })
}

function pruneOptions(o: Options): Parameters<typeof pruneModel>[1] {
  if (o.maxRatio !== undefined && !o.global)
    throw new UsageError('--max-ratio limits what --global takes from one layer: give both, or neither.')
  const scope = { global: o.global, maxRatio: o.maxRatio, roundTo: o.roundTo, perLayer: o.ratios }
  const common = {
    methods: o.method,
    criterion: o.criterion,
    seed: o.seed,
    keep: o.keep,
    inputs: o.input,
    outputsMayShrink: o.allowOutputs,
  }
  if (o.targetMacs !== undefined) return { ...common, target: { of: 'macs', part: o.targetMacs, scope } }
  if (o.targetParams !== undefined) return { ...common, target: { of: 'params', part: o.targetParams, scope } }
  if (o.ratio === undefined && !o.ratios)
    throw new UsageError('Say how much to remove: --ratio 0.5, --target-macs 0.5 or --target-params 0.5.')
  return { ...common, scope: { ...scope, ratio: o.ratio ?? 0 } }
}

/** What keeps a network from being run, though it can be cut. */
const cannotRun = ['runtime-refused', 'unsupported-input', 'too-large']

/** Runs masked against cut, before anything is written. */
async function proof(result: PruneResult, options: Options): Promise<{ check: Agreement | null; why?: string }> {
  if (options.dryRun) return { check: null, why: 'Nothing was run (--dry-run).' }
  if (!options.check) return { check: null, why: 'The result was not checked (--no-check).' }
  if (!result.masked) return { check: null }
  const ort = await loadOrt()
  if (!ort)
    return {
      check: null,
      why: 'The result was not checked: onnxruntime-node is not installed (npm install onnxruntime-node --onnxruntime-node-install=skip).',
    }
  const check = await checkAgreement(ort, result, result.masked as Model, options.input).catch((error: unknown) => {
    const { code, message, details } = error as Partial<KerfError>
    if (!(error instanceof KerfError) || !cannotRun.includes(code as string)) throw error
    throw new KerfError(
      code as string,
      `${message} Nothing was written, because it cannot be checked; --no-check writes it unchecked.`,
      details,
    )
  })
  if (!check)
    return {
      check: null,
      why: 'The result was not checked: on random input no output of the network holds a finite number.',
    }
  const tolerance = toleranceFor(result.model)
  if (!(check.maxRelDiff <= tolerance))
    throw new KerfError(
      'not-faithful',
      `The cut network differs from the masked one by ${check.maxRelDiff.toExponential(1)} of its largest output; ${tolerance} is allowed. Nothing was written. This is a defect in Kerf, or the network amplifies rounding; --no-check writes it anyway.`,
      { ...check },
    )
  return { check }
}

function json(result: PruneResult, check: Agreement | null, written: WrittenModel | undefined): string {
  const { before, after, groups, refused, ratio } = result
  return toJson({
    before,
    after,
    groups,
    refused,
    check,
    ...(ratio === undefined ? {} : { ratio }),
    ...(written ? { written } : {}),
  })
}

function part(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value > 0 && value < 1))
    throw new InvalidArgumentError('Give a number between 0 and 1 (both excluded), as in 0.5.')
  return value
}

function integer(text: string): number {
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new InvalidArgumentError('Give a whole number.')
  return Number(text)
}

function methodList(text: string): PruneMethod[] {
  const list = text.split(',').map((m) => m.trim())
  const wrong = list.filter((m) => !methods.includes(m as PruneMethod))
  if (wrong.length > 0)
    throw new InvalidArgumentError(`There is no method ${wrong.join(', ')}; there are ${methods.join(', ')}.`)
  return list as PruneMethod[]
}

/** Names of nodes contain slashes and dots; a star matches them too. */
function matcher(glob: string): LayerMatcher {
  if (glob === '') throw new InvalidArgumentError("Give the name of a layer or a pattern, as in '*layer4*'.")
  const test = picomatch(glob, { bash: true, dot: true })
  return { pattern: glob, matches: (names) => names.some((n) => n === glob || test(n)) }
}

const keep = (glob: string, before: readonly LayerMatcher[] = []): LayerMatcher[] => [...before, matcher(glob)]

function perLayer(text: string, before: NonNullable<Scope['perLayer']> = []): NonNullable<Scope['perLayer']> {
  const at = text.lastIndexOf('=')
  const ratio = Number(text.slice(at + 1))
  if (at < 1 || text.slice(at + 1).trim() === '' || !(ratio >= 0 && ratio < 1))
    throw new InvalidArgumentError("Give a pattern and a ratio from 0 to below 1, as in '*layer1*=0.2'.")
  return [...before, { ...matcher(text.slice(0, at)), ratio }]
}
