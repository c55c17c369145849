import { type Command, Option } from 'commander'
import { type Profile, profileModel } from '../../cost/index.ts'
import { readModelFile } from '../../onnx/index.node.ts'
import {
  type LayerColumn,
  pageColumns,
  profileCsvTable,
  profileReport,
  sortableColumns,
  toCsv,
  toHtml,
  toJson,
  toMarkdown,
} from '../../report/index.ts'
import type { Io } from '../io.ts'
import { type InputShapes, inputShape } from '../options.ts'
import { checkOutput } from '../output.ts'
import { deliver, formatFor, terminalText } from '../print.ts'

const formats = ['table', 'json', 'csv', 'md', 'html'] as const
type Format = (typeof formats)[number]
const byExtension: Readonly<Record<string, Format>> = {
  txt: 'table',
  json: 'json',
  csv: 'csv',
  md: 'md',
  html: 'html',
  htm: 'html',
}

interface Options {
  readonly input?: InputShapes
  readonly format?: Format
  readonly json?: boolean
  readonly output?: string
  readonly force?: boolean
  readonly fused?: boolean
  readonly strictAdds?: boolean
  readonly nonZero?: boolean
  readonly sort?: LayerColumn
  readonly all?: boolean
}

const examples = `
Examples:
  kerf profile model.onnx
  kerf profile model.onnx --input 1,3,320,320 --fused
  kerf profile two-inputs.onnx --input left:1,3,64,64 --input right:1,3,64,64
  kerf profile model.onnx --sort macs | head -20
  kerf profile model.onnx -o report.html
  kerf profile model.onnx --json | jq .totals.macs`

export function define(command: Command, io: Io): void {
  command
    .argument('<model>', 'an ONNX file')
    .option(
      '-i, --input <shape>',
      'shape of an input: N,C,H,W, or name:N,C,H,W where there are several (repeatable)',
      inputShape,
    )
    .addOption(
      new Option(
        '-f, --format <format>',
        'how to print (default: as the name of the output file says, or table)',
      ).choices(formats),
    )
    .addOption(new Option('--json', 'the same as --format json').conflicts('format'))
    .option('-o, --output <file>', 'write to a file')
    .option('--force', 'replace the file if it exists')
    .option('--fused', 'count convolution + normalization + activation, and depthwise + pointwise, as one layer each')
    .option('--strict-adds', 'a sum of n terms takes n - 1 additions, not n')
    .option('--non-zero', 'also count the parameters that are not 0 (reads the weights)')
    .addOption(new Option('--sort <column>', 'largest first').choices(sortableColumns))
    .option('--all', 'also show layers that cost nothing')
    .addHelpText('after', examples)
    .action((path: string, options: Options) => {
      if (options.output !== undefined) checkOutput(options.output, { force: options.force, inputs: [path] })
      const profile = profileModel(readModelFile(path), {
        name: path,
        inputs: options.input,
        fused: options.fused,
        strictAdds: options.strictAdds,
        countNonZero: options.nonZero,
      })
      deliver(format(profile, options, io), io, { ...options, inputs: [path] })
    })
}

function format(profile: Profile, options: Options, io: Io): string {
  const { sort, all, output } = options
  switch (options.json ? 'json' : (options.format ?? formatFor(output, byExtension) ?? 'table')) {
    case 'json':
      return toJson(profile)
    case 'csv':
      return toCsv(profileCsvTable(profile, { sort }))
    case 'md':
      return toMarkdown(profileReport(profile, { sort, all, columns: pageColumns }))
    case 'html':
      return toHtml(profileReport(profile, { sort, all, columns: pageColumns }))
    case 'table':
      return terminalText(profileReport(profile, { sort, all }), io, output !== undefined)
  }
}
