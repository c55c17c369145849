import { type Command, Option } from 'commander'
import type { Profile } from '../../cost/index.ts'
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
import { addCountingOptions, type CountingOptions, formatOf, profileFile } from '../counting.ts'
import type { Io } from '../io.ts'
import { checkOutput } from '../output.ts'
import { deliver, terminalText } from '../print.ts'

interface Options extends CountingOptions {
  readonly sort?: LayerColumn
  readonly all?: boolean
  readonly explainParams?: boolean
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
  addCountingOptions(command.argument('<model>', 'an ONNX file'))
    .addOption(new Option('--sort <column>', 'largest first').choices(sortableColumns))
    .option('--all', 'also show layers that cost nothing')
    .option('--explain-params', 'list the constants that are not counted as parameters, and why')
    .addHelpText('after', examples)
    .action((path: string, options: Options) => {
      if (options.output !== undefined) checkOutput(options.output, { force: options.force, inputs: [path] })
      const { profile, files } = profileFile(path, options)
      deliver(format(profile, options, io), io, { ...options, inputs: files })
    })
}

function format(profile: Profile, options: Options, io: Io): string {
  const { sort, all, output, explainParams } = options
  switch (formatOf(options)) {
    case 'json':
      return toJson(profile)
    case 'csv':
      return toCsv(profileCsvTable(profile, { sort }))
    case 'md':
      return toMarkdown(profileReport(profile, { sort, all, explainParams, columns: pageColumns }))
    case 'html':
      return toHtml(profileReport(profile, { sort, all, explainParams, columns: pageColumns }))
    case 'table':
      return terminalText(profileReport(profile, { sort, all, explainParams }), io, output !== undefined)
  }
}
