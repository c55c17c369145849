import { type Command, Option } from 'commander'
import { profileModel } from '../../api/cost.ts'
import { defaultRatios, sensitivity } from '../../api/workflow.node.ts'
import { chartsSvg, fewImagesNotice, layerNames, toCsv, toHtml, toJson, toMarkdown } from '../../report/index.ts'
import { openInputs } from '../data/given-data.ts'
import { addGivenImages, type GivenImagesOptions, openGivenImages } from '../data/given-images.ts'
import { filesOfGiven, givenModel, modelArgument, modelFile } from '../given-model.ts'
import type { Io } from '../io.ts'
import { checkOutput } from '../output.ts'
import { addFormatFlags, type TableFormat, tableFormatOf, tableFormats } from '../output-type.ts'
import { deliver, terminalText } from '../print.ts'
import { addChannelFlags, type ChannelFlags, part } from '../prune/options.ts'
import { assumptionText } from '../run/image.ts'
import { sensitivityChart, sensitivityJson, sensitivityReport } from '../sensitivity-report.ts'
import { type CommandTask, withTask } from '../task.ts'
import { defaultSeed, imageFlagsHelp, threadsFlag } from '../vocabulary.ts'

interface Options extends GivenImagesOptions, ChannelFlags {
  readonly part: 'test' | 'validation' | 'train'
  readonly ratios: readonly number[]
  readonly threads: number
  readonly fullNames?: boolean
  readonly format?: TableFormat
  readonly json?: boolean
  readonly output?: string
  readonly force?: boolean
}

const examples = `
Examples:
  kerf sensitivity model.onnx --data photos/
  kerf sensitivity model.onnx --data images:train,val --images 500 -o sensitivity.html
  kerf sensitivity model.onnx --data mnist:data/mnist --ratios 0.25,0.5,0.75 --criterion l1

One group of channels at a time loses a part of them; everything else stays as it is. Images in folders of classes, and published data sets, have labels: then
accuracy is measured. Without labels: how often the largest output is the one that the uncut network has, and how far the outputs are from its outputs.
${imageFlagsHelp}`

export function define(command: Command, io: Io): void {
  addGivenImages(command.argument('<model>', modelArgument, modelFile), 'images, with labels or without', 256)
    .addOption(new Option('--part <name>', 'which images').choices(['test', 'validation', 'train']).default('test'))
    .addOption(
      new Option('--ratios <list>', 'parts of the channels that go')
        .argParser(ratioList)
        .default(defaultRatios, '0.1 to 0.9'),
    )
  addChannelFlags(command).addOption(threadsFlag()).option('--full-names', 'names of layers as the file has them')
  addFormatFlags(command, tableFormats, 'table')
    .addHelpText('after', examples)
    .action((path: string, options: Options) => withTask(io, (task, io) => measure(path, options, task, io)))
}

function ratioList(text: string): number[] {
  return [...new Set(text.split(',').map(part))].sort((a, b) => a - b)
}

async function measure(path: string, options: Options, task: CommandTask, io: Io): Promise<void> {
  const format = tableFormatOf(options)
  const model = givenModel(path)
  const files = filesOfGiven(path, model)
  if (options.output !== undefined) checkOutput(options.output, { force: options.force, inputs: files })
  const given = await openGivenImages(model, options, options.part, task, io)
  const notices = [...given.notices, fewImagesNotice(given.set.count, options.part)].filter((n) => n !== undefined)
  for (const text of notices) io.err(`kerf: ${text}\n`)
  const result = await sensitivity(
    model,
    {
      images: given.images,
      ...{ labels: options.labels, ratios: options.ratios, criterion: options.criterion, methods: options.method },
      ...{ keep: options.keep, seed: options.seed ?? defaultSeed, threads: options.threads },
      onNotice: (text) => io.err(`kerf: ${text}\n`),
    },
    task,
  )
  const assumed = given.image && assumptionText(given.image)
  const report = sensitivityReport(
    path,
    result,
    [['Criterion', `${options.criterion}: the lowest go first`]],
    assumed ? [assumed] : [],
    options.fullNames ? undefined : layerNames(profileModel(model, { inputs: openInputs(model, given.image) }).layers),
  )
  const text = {
    json: () => toJson(sensitivityJson(path, result)),
    csv: () => toCsv(report.tables[0]!),
    md: () => toMarkdown(report),
    html: () => toHtml(report, { figures: [chartsSvg([sensitivityChart(result)])] }),
    table: () => terminalText(report, io, options.output !== undefined),
  }[format]()
  deliver(text, io, { ...options, inputs: files })
}
