import { type Command, Option } from 'commander'
import { type Comparison, compareProfiles, profileModel } from '../../cost/index.ts'
import { readModelFile } from '../../onnx/index.node.ts'
import { compareLayersTable, compareReport, toCsv, toHtml, toJson, toMarkdown } from '../../report/index.ts'
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
  readonly all?: boolean
}

const examples = `
Examples:
  kerf compare model.onnx pruned.onnx
  kerf compare model.onnx pruned.onnx --all --format csv
  kerf compare model.onnx pruned.onnx -o comparison.html`

export function define(command: Command, io: Io): void {
  command
    .argument('<a>', 'an ONNX file')
    .argument('<b>', 'another one')
    .option('-i, --input <shape>', 'shape of an input of both: N,C,H,W, or name:N,C,H,W (repeatable)', inputShape)
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
    .option('--all', 'also show layers that cost the same in both')
    .addHelpText('after', examples)
    .action((a: string, b: string, options: Options) => {
      if (options.output !== undefined) checkOutput(options.output, { force: options.force, inputs: [a, b] })
      const profile = (path: string) =>
        profileModel(readModelFile(path), {
          name: path,
          inputs: options.input,
          fused: options.fused,
          strictAdds: options.strictAdds,
          countNonZero: options.nonZero,
        })
      const comparison = compareProfiles(profile(a), profile(b))
      deliver(format(comparison, options, io), io, { ...options, inputs: [a, b] })
    })
}

function format(comparison: Comparison, options: Options, io: Io): string {
  const { all, output } = options
  switch (options.json ? 'json' : (options.format ?? formatFor(output, byExtension) ?? 'table')) {
    case 'json':
      return toJson(comparison)
    case 'csv':
      return toCsv(compareLayersTable(comparison, { all: true, fullNames: true }))
    case 'md':
      return toMarkdown(compareReport(comparison, { all }))
    case 'html':
      return toHtml(compareReport(comparison, { all }))
    case 'table':
      return terminalText(compareReport(comparison, { all }), io, output !== undefined)
  }
}
