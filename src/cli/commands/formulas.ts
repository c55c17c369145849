import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  evaluateFormulas,
  type Formula,
  type FormulaRange,
  type FormulaValues,
  formulaCurves,
  formulas,
} from '../../api/cost.ts'
import { didYouMean, Polynomial } from '../../base/index.ts'
import {
  type Chart,
  chartsSvg,
  formulaCharts,
  formulaCurvesCharts,
  formulaCurvesJson,
  formulaCurvesReport,
  formulaJson,
  formulaReport,
  type Report,
  toHtml,
  toJson,
  toLatex,
  toMarkdown,
} from '../../report/index.ts'
import { UsageError } from '../errors.ts'
import { formulaRange } from '../formula-range.ts'
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
  readonly n: number
  readonly t: number
  readonly r: Fraction
  readonly only?: readonly string[]
  readonly plot?: FormulaRange
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
  kerf formulas --c 96 -o costs.svg                      # bars of the numbers; .html has tables and bars
  kerf formulas --plot C=8..512                          # what each is of the regular one, over the width
  kerf formulas --plot r=1/8..1 --only partial,t-shaped,low-rank,tucker -o r.html     # with curves

Names for --only: ${formulas()
  .map((f) => f.key)
  .join(', ')}.`

export function define(command: Command, io: Io): void {
  command
    .option('--h <size>', 'height of the output', positiveInteger, 56)
    .option('--w <size>', 'width of the output (default: the height)', positiveInteger)
    .option('--c <channels>', 'channels, in and out', positiveInteger, 96)
    .option('--c-in <channels>', 'input channels, for formulas from C_in to C_out', positiveInteger)
    .option('--c-out <channels>', 'output channels', positiveInteger)
    .option('--general', 'formulas from C_in to C_out')
    .option('--k <size>', 'kernel size', positiveInteger, 3)
    .option('--g <groups>', 'groups of the grouped convolutions', positiveInteger, 4)
    .option('--n <branches>', 'branches of a sum of separable convolutions', positiveInteger, 2)
    .option('--t <factor>', 'expansion of the inverted bottleneck', positiveInteger, 6)
    .addOption(
      new Option('--r <part>', 'part of the channels that is convolved (partial), or the rank (low rank, Tucker)')
        .argParser(fraction)
        .default({ numerator: 1, denominator: 4 } satisfies Fraction, '1/4'),
    )
    .option('--only <names>', 'these beside the regular one, as in partial,separable', names)
    .option('--plot <range>', 'curves over a size: C=8..512, k=1..11, r=1/8..1, t=1,2,4', formulaRange)
  addFormatFlags(command, formats, 'text')
    .addHelpText('after', examples)
    .action((options: Options) => {
      if (options.output !== undefined) checkOutput(options.output, { force: options.force })
      deliver(format(options, io), io, { ...options, inputs: [] })
    })
}

function names(text: string): string[] {
  const known = formulas().map((f) => f.key)
  const given = text.split(',')
  const unknown = given.find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw new InvalidArgumentError(
      `There is no "${unknown}".${didYouMean(unknown, known)} There are ${known.join(', ')}.`,
    )
  return given
}

function format(options: Options, io: Io): string {
  const { plot, only } = options
  if ((options.cIn === undefined) !== (options.cOut === undefined))
    throw new UsageError('Give --c-in and --c-out together, or --c for both.')
  const general = options.general === true || options.cIn !== undefined || plot?.letter.startsWith('C_') === true
  if (general && plot?.letter === 'C') throw new UsageError('There is no C with C_in and C_out: plot one of these.')
  const widths: Record<string, number> = general
    ? { C_in: options.cIn ?? options.c, C_out: options.cOut ?? options.c }
    : { C: options.c }
  const { h, w, k, g, n, t, r } = options
  const sizes = { H: h, W: w ?? h, ...widths, k, g, n, t }
  const values = { ...sizes, r: Polynomial.constant(r.numerator).over(r.denominator) }
  const shown = { ...sizes, r: r.denominator === 1 ? String(r.numerator) : `${r.numerator}/${r.denominator}` }
  // All are divided by the regular one, which stands first.
  const rows = formulas({ general }).filter((f, i) => i === 0 || !only || only.includes(f.key))
  const printed = plot ? printedCurves(rows, values, shown, plot) : printedNumbers(rows, values, shown)
  switch (options.json ? 'json' : (options.format ?? formatByEnding(options.output, byEnding) ?? 'text')) {
    case 'json':
      return toJson(printed.json())
    case 'latex':
      return toLatex(printed.report())
    case 'md':
      return toMarkdown(printed.report())
    case 'html':
      return toHtml(printed.report(), { figures: [chartsSvg(printed.charts(), { theme: 'page', ...printed.size })] })
    case 'svg':
      return chartsSvg(printed.charts(), { title: 'What kinds of convolution cost', ...printed.size })
    case 'text':
      return terminalText(printed.report(), io, options.output !== undefined)
  }
}

/** What is printed of the formulas: at one size of each letter, or along one of them. */
interface Printed {
  readonly json: () => unknown
  readonly report: () => Report
  readonly charts: () => Chart[]
  readonly size: { readonly width: number; readonly height?: number }
}

type Shown = Readonly<Record<string, string | number>>

function printedNumbers(rows: readonly Formula[], values: FormulaValues, shown: Shown): Printed {
  const numbers = evaluateFormulas(rows, values)
  return {
    json: () => formulaJson(rows, numbers, shown),
    report: () => formulaReport(rows, numbers, shown),
    charts: () => formulaCharts(numbers, shown),
    size: { width: 900 },
  }
}

function printedCurves(rows: readonly Formula[], values: FormulaValues, shown: Shown, plot: FormulaRange): Printed {
  const curves = formulaCurves(rows, values, plot)
  const varied = plot.letter === 'H' ? ['H', 'W'] : [plot.letter]
  const held = Object.fromEntries(Object.entries(shown).filter(([letter]) => !varied.includes(letter)))
  return {
    json: () => formulaCurvesJson(curves, held),
    report: () => formulaCurvesReport(curves, held),
    charts: () => formulaCurvesCharts(curves, held),
    size: { width: 900, height: 420 },
  }
}
