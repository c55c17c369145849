import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { type Command, Option } from 'commander'
import { KerfError } from '../../base/index.ts'
import { openData } from '../../data/index.node.ts'
import { createLoader, type ImageSet, subset } from '../../data/index.ts'
import { graphInputs, type Model } from '../../graph/index.ts'
import { readModelFile } from '../../onnx/index.node.ts'
import { toJson } from '../../report/index.ts'
import type { Backend } from '../../runtime/index.ts'
import { evaluate, fewImagesNotice, nodeRuntime, parseRecipe, type Recipe, readingOf } from '../../train/index.node.ts'
import { skippedText } from '../data/skipped.ts'
import { UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { positiveInteger, threadCount } from '../options.ts'
import { terminalText } from '../print.ts'
import { stopOnSignal } from '../stop.ts'
import { type Assignment, assigned, assignment } from '../train/assignments.ts'
import { dataOption, type GivenData } from '../train/data-option.ts'
import { evaluationJson, evaluationReport } from '../train/evaluation-report.ts'
import { readRecipe } from '../train/read-recipe.ts'

interface Options {
  readonly data?: GivenData
  readonly recipe?: string
  readonly set: readonly Assignment[]
  readonly part: 'test' | 'validation' | 'train'
  readonly limit?: number
  readonly batchSize?: number
  readonly threads?: number
  readonly backend: Backend
  readonly loss: 'crossEntropy' | 'meanSquaredError'
  readonly classes?: boolean
  readonly json?: boolean
}

const examples = `
Examples:
  kerf eval runs/mnist-lenet5/best.onnx                                 # with the data and transforms of its run
  kerf eval quantised.onnx --recipe runs/mnist-lenet5                   # with those of another run
  kerf eval model.onnx --data mnist:data/mnist --classes
  kerf eval model.onnx --data images:train,val --set 'transforms=[{"kind":"resize","size":224}]'

Data are given as for kerf train. Transforms are those of the recipe, or of --set; random ones are left out.`

export function define(command: Command, io: Io): void {
  command
    .argument('<model>', 'an ONNX file')
    .option('--data <where>', 'images and labels', dataOption)
    .option('--recipe <file>', 'take data and transforms from a recipe, or from the folder of a run')
    .addOption(
      new Option('--set <field=value>', 'a field of the recipe: transforms, data … (repeatable)')
        .argParser(assignment)
        .default([], 'none'),
    )
    .addOption(new Option('--part <name>', 'which images').choices(['test', 'validation', 'train']).default('test'))
    .option('--limit <n>', 'only the first so many images', positiveInteger)
    .option('-b, --batch-size <n>', "images at a time (default: 64, or the model's own)", positiveInteger)
    .option('-t, --threads <n>', 'threads (default: all of the machine)', threadCount)
    .addOption(new Option('--backend <name>', 'what computes').choices(['wasm', 'reference']).default('wasm'))
    .addOption(
      new Option('--loss <name>', 'which loss is measured')
        .choices(['crossEntropy', 'meanSquaredError'])
        .default('crossEntropy'),
    )
    .option('--classes', 'accuracy of every class')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(async (path: string, options: Options) => {
      const model = readModelFile(path)
      const recipe = recipeFor(path, options)
      const sets = await openData(recipe.data, readingOf(recipe))
      const whole = sets[options.part]
      if (!whole)
        throw new KerfError(
          'no-validation',
          'The data have no validation images. Give those that a run kept back with --recipe RUN, or another --part.',
        )
      const set = options.limit === undefined ? whole : firstOf(whole, options.limit)
      const loader = createLoader(set, {
        batchSize: options.batchSize ?? fixedBatch(model) ?? Math.min(64, set.count),
        transforms: recipe.transforms,
        training: false,
      })
      const stop = stopOnSignal()
      const notices: string[] = []
      const say = (text: string) => {
        notices.push(text)
        io.err(`kerf: ${text}\n`)
      }
      io.err(skippedText(whole.skipped))
      const few = fewImagesNotice(set.count, options.part)
      if (few) say(few)
      try {
        const result = await evaluate(model, loader, {
          runtime: nodeRuntime,
          threads: options.threads ?? availableParallelism(),
          backend: options.backend,
          loss: options.loss,
          signal: stop.signal,
          onNotice: say,
          onProgress: (done) =>
            void io.terminal?.write(`\r${done.toLocaleString('en')} of ${set.count.toLocaleString('en')} images`),
        })
        const data = `${recipe.data.kind}, ${options.part}`
        const context = { model: path, data, set, skipped: whole.skipped, notices }
        io.terminal?.write('\r\u001b[K')
        io.out(
          options.json
            ? toJson(evaluationJson(context, result))
            : terminalText(evaluationReport(context, result, options.classes), io),
        )
      } finally {
        stop.end()
      }
    })
}

/** Data and transforms: as given, or as in a recipe; by default those of the run in whose folder the model lies. */
function recipeFor(model: string, { recipe, data, set }: Options): Recipe {
  const beside = join(dirname(model), 'recipe.json')
  const source = recipe ?? (data === undefined && existsSync(beside) ? beside : undefined)
  if (source === undefined && data === undefined)
    throw new UsageError('Say what to measure with: --data mnist:FOLDER, or --recipe RECIPE (--help has examples).')
  // What evaluation does not need.
  const least = { model: { onnx: model }, output: '-', epochs: 1, validation: 0 }
  const read = source === undefined ? least : readRecipe(source)
  return parseRecipe(assigned(data === undefined ? read : assigned(read, [{ path: ['data'], value: data }]), set))
}

/** The batch size that a model's input fixes. */
function fixedBatch({ graph }: Model): number | undefined {
  const [input] = graphInputs(graph)
  const first = input?.type?.kind === 'tensor' ? input.type.shape?.[0] : undefined
  return typeof first === 'number' ? first : undefined
}

const firstOf = (set: ImageSet, limit: number): ImageSet =>
  subset(
    set,
    Array.from({ length: Math.min(limit, set.count) }, (_, i) => i),
  )
