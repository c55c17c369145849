import type { Command } from 'commander'
import { compareMany, compareProfiles, type Profile } from '../../api/cost.ts'
import {
  compareManyReport,
  compareManyTable,
  compareReport,
  comparisonFileText,
  type FileFormat,
  type Report,
  toCsv,
  toHtml,
  toJson,
  toMarkdown,
} from '../../report/index.ts'
import { addCountingOptions, type CountingOptions, profileFile } from '../counting.ts'
import { UsageError } from '../errors.ts'
import { modelArgument, modelFiles } from '../given-model.ts'
import type { Io } from '../io.ts'
import { checkOutput } from '../output.ts'
import { tableFormatOf } from '../output-type.ts'
import { deliver, terminalText } from '../print.ts'

interface Options extends CountingOptions {
  readonly all?: boolean
  readonly fullNames?: boolean
}

const examples = `
Examples:
  kerf compare model.onnx pruned.onnx
  kerf compare model.onnx pruned.onnx --all --format csv
  kerf compare model.onnx pruned.onnx -o comparison.html
  kerf compare small.onnx medium.onnx large.onnx

Layers are matched by name, else by what they are: kind, window, size of the output.`

export function define(command: Command, io: Io): void {
  addCountingOptions(command.argument('<models...>', `${modelArgument}: two, or more`, modelFiles))
    .option('--all', 'also show layers that cost the same in all')
    .option('--full-names', 'names of layers as the files have them')
    .addHelpText('after', examples)
    .action((paths: readonly string[], options: Options) => {
      if (paths.length < 2)
        throw new UsageError(
          `At least two models are compared: kerf compare ${paths[0]} OTHER. What one costs, kerf profile ${paths[0]} says.`,
        )
      if (options.output !== undefined) checkOutput(options.output, { force: options.force, inputs: paths })
      const counted = paths.map((path) => profileFile(path, options))
      const text = format(comparison(counted.map((c) => c.profile)), options, io)
      deliver(text, io, { ...options, inputs: counted.flatMap((c) => c.files) })
    })
}

/** What is printed of a comparison; two networks have a ratio beside each pair of numbers. */
interface Printed {
  readonly report: (options: Options) => Report
  readonly file: (format: FileFormat, options: Options) => string
}

function comparison(profiles: readonly Profile[]): Printed {
  if (profiles.length === 2) {
    const two = compareProfiles(profiles[0]!, profiles[1]!)
    return {
      report: (options) => compareReport(two, options),
      file: (format, options) => comparisonFileText(two, format, options),
    }
  }
  const many = compareMany(profiles)
  const report = (options: Options) => compareManyReport(many, options)
  const file = (format: FileFormat, options: Options) => {
    switch (format) {
      case 'json':
        return toJson(many)
      case 'csv':
        return toCsv(compareManyTable(many, { all: true, fullNames: true }))
      case 'md':
        return toMarkdown(report(options))
      case 'html':
        return toHtml(report(options))
    }
  }
  return { report, file }
}

function format({ report, file }: Printed, options: Options, io: Io): string {
  const kind = tableFormatOf(options)
  return kind === 'table' ? terminalText(report(options), io, options.output !== undefined) : file(kind, options)
}
