import type { Command } from 'commander'
import { type Comparison, compareProfiles } from '../../cost/index.ts'
import { compareLayersTable, compareReport, toCsv, toHtml, toJson, toMarkdown } from '../../report/index.ts'
import { addCountingOptions, type CountingOptions, formatOf, profileFile } from '../counting.ts'
import type { Io } from '../io.ts'
import { checkOutput } from '../output.ts'
import { deliver, terminalText } from '../print.ts'

interface Options extends CountingOptions {
  readonly all?: boolean
}

const examples = `
Examples:
  kerf compare model.onnx pruned.onnx
  kerf compare model.onnx pruned.onnx --all --format csv
  kerf compare model.onnx pruned.onnx -o comparison.html`

export function define(command: Command, io: Io): void {
  addCountingOptions(command.argument('<a>', 'an ONNX file').argument('<b>', 'another one'))
    .option('--all', 'also show layers that cost the same in both')
    .addHelpText('after', examples)
    .action((a: string, b: string, options: Options) => {
      if (options.output !== undefined) checkOutput(options.output, { force: options.force, inputs: [a, b] })
      const [first, second] = [profileFile(a, options), profileFile(b, options)]
      const comparison = compareProfiles(first.profile, second.profile)
      deliver(format(comparison, options, io), io, { ...options, inputs: [...first.files, ...second.files] })
    })
}

function format(comparison: Comparison, options: Options, io: Io): string {
  const { all, output } = options
  switch (formatOf(options)) {
    case 'json':
      return toJson(comparison)
    case 'csv':
      return toCsv(compareLayersTable(comparison, { all: true, fullNames: true, reasons: true }))
    case 'md':
      return toMarkdown(compareReport(comparison, { all }))
    case 'html':
      return toHtml(compareReport(comparison, { all }))
    case 'table':
      return terminalText(compareReport(comparison, { all }), io, output !== undefined)
  }
}
