import { type Command, Option } from 'commander'
import { evaluateFormulas, formulas } from '../../api/cost.ts'
import { Polynomial } from '../../base/index.ts'
import {
  chartsSvg,
  formulaCharts,
  formulaJson,
  formulaReport,
  toHtml,
  toJson,
  toLatex,
  toMarkdown,
} from '../../report/index.ts'
import { UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { type Fraction, fraction, positiveInteger } from '../options.ts'
import { checkOutput } from '../output.ts'
import { addFormatFlags, formatByEnding } from '../output-type.ts'
import { deliver, terminalText } from '../print.ts'

const formats = ['text', 'md', 'latex', 'json', 'html', 'svg'] as const
type Format = (typeof formats)[number]
const byEnding: Readonly<Record<string, Format>> = {
  txt: 'text',
  md: 'md',
  tex: 'latex',
  json: 'json',
  html: 'html',
  svg: 'svg',
}

interface Options {
  readonly h: number
  readonly w?: number
  readonly c: number
  readonly cIn?: number
  readonly cOut?: number
  readonly general?: boolean
  readonly k: number
  readonly g: number
  readonly t: number
  readonly r: Fraction
  readonly format?: Format
  readonly json?: boolean
  readonly output?: string
  readonly force?: boolean
}

const examples = `
Examples:
  kerf formulas
  kerf formulas --h 56 --w 56 --c 96 --k 3
  kerf formulas --h 14 --c-in 64 --c-out 128 --k 5
  kerf formulas -o table.tex
  kerf formulas --c 96 -o costs.svg                      # bars of the numbers; .html has tables and bars`

export function define(command: Command, io: Io): void {
  command
    .option('--h <size>', 'height of the output', positiveInteger, 56)
    .option('--w <size>', 'width of the output (default: the height)', positiveInteger)
    .option('--c <channels>', 'channels, in and out', positiveInteger, 96)
    .option('--c-in <channels>', 'input channels, for formulas from C_in to C_out', positiveInteger)
    .option('--c-out <channels>', 'output channels', positiveInteger)
    .option('--general', 'formulas from C_in to C_out')
    .option('--k <size>', 'kernel size', positiveInteger, 3)
    .option('--g <groups>', 'groups of the grouped convolution', positiveInteger, 4)
    .option('--t <factor>', 'expansion of the inverted bottleneck', positiveInteger, 6)
    .addOption(
      new Option('--r <part>', 'part of the channels that a partial convolution works on')
        .argParser(fraction)
        .default({ numerator: 1, denominator: 4 } satisfies Fraction, '1/4'),
    )
  addFormatFlags(command, formats, 'text')
    .addHelpText('after', examples)
    .action((options: Options) => {
      if (options.output !== undefined) checkOutput(options.output, { force: options.force })
      deliver(format(options, io), io, { ...options, inputs: [] })
    })
}

function format(options: Options, io: Io): string {
  if ((options.cIn === undefined) !== (options.cOut === undefined))
    throw new UsageError('Give --c-in and --c-out together, or --c for both.')
  const general = options.general === true || options.cIn !== undefined
  const { numerator, denominator } = options.r
  const widths: Record<string, number> = general
    ? { C_in: options.cIn ?? options.c, C_out: options.cOut ?? options.c }
    : { C: options.c }
  const sizes = { H: options.h, W: options.w ?? options.h, ...widths, k: options.k, g: options.g, t: options.t }
  const rows = formulas({ general })
  const numbers = evaluateFormulas(rows, { ...sizes, r: Polynomial.constant(numerator).over(denominator) })
  const shown = {
    ...sizes,
    r: denominator === 1 ? String(numerator) : `${numerator}/${denominator}`,
  }
  switch (options.json ? 'json' : (options.format ?? formatByEnding(options.output, byEnding) ?? 'text')) {
    case 'json':
      return toJson(formulaJson(rows, numbers, shown))
    case 'latex':
      return toLatex(formulaReport(rows, numbers, shown))
    case 'md':
      return toMarkdown(formulaReport(rows, numbers, shown))
    case 'html':
      return toHtml(formulaReport(rows, numbers, shown), {
        figures: [chartsSvg(formulaCharts(numbers, shown), { theme: 'page', width: 900 })],
      })
    case 'svg':
      return chartsSvg(formulaCharts(numbers, shown), { title: 'What kinds of convolution cost', width: 900 })
    case 'text':
      return terminalText(formulaReport(rows, numbers, shown), io, options.output !== undefined)
  }
}
