import { type Command, Option } from 'commander'
import type { Profile } from '../../api/cost.ts'
import { type LayerColumn, profileFileText, profileReport, sortableColumns } from '../../report/index.ts'
import { addCountingOptions, type CountingOptions, profileFile } from '../counting.ts'
import { UsageError } from '../errors.ts'
import { modelArgument, modelFile } from '../given-model.ts'
import type { Io } from '../io.ts'
import { positiveInteger } from '../options.ts'
import { checkOutput } from '../output.ts'
import { tableFormatOf } from '../output-type.ts'
import { deliver, terminalText } from '../print.ts'

interface Options extends CountingOptions {
  readonly sort?: LayerColumn
  readonly all?: boolean
  readonly explainParams?: boolean
  readonly depth?: number
  readonly fullNames?: boolean
}

const examples = `
Examples:
  kerf profile model.onnx
  kerf profile model.onnx --input 1,3,320,320 --fused
  kerf profile two-inputs.onnx --input left:1,3,64,64 --input right:1,3,64,64
  kerf profile model.onnx --sort macs | head -20
  kerf profile model.onnx --depth 2                      # blocks with their share
  kerf profile model.onnx -o report.html
  kerf profile model.onnx --json | jq .totals.macs`

export function define(command: Command, io: Io): void {
  addCountingOptions(command.argument('<model>', modelArgument, modelFile))
    .addOption(new Option('--sort <column>', 'largest first').choices(sortableColumns))
    .option('--all', 'also show layers that cost nothing')
    .option('--depth <n>', 'blocks of layers, down to this depth of their names', positiveInteger)
    .option('--full-names', 'names of layers as the file has them')
    .option('--explain-params', 'list the constants that are not counted as parameters, and why')
    .addHelpText('after', examples)
    .action((path: string, options: Options) => {
      if (options.output !== undefined) checkOutput(options.output, { force: options.force, inputs: [path] })
      const { profile, files } = profileFile(path, options)
      deliver(format(profile, options, io), io, { ...options, inputs: files })
    })
}

function format(profile: Profile, options: Options, io: Io): string {
  const { depth, output, sort } = options
  if (depth !== undefined && sort !== undefined)
    throw new UsageError('--sort orders layers, --depth shows blocks of them: give one of the two.')
  const kind = tableFormatOf(options)
  return kind === 'table'
    ? terminalText(profileReport(profile, options), io, output !== undefined)
    : profileFileText(profile, kind, options)
}
