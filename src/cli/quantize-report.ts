import type { WrittenModel } from '../api/files.node.ts'
import type { Quantized } from '../api/rewrite.ts'
import { human, type Report, type Table } from '../report/index.ts'

/** Images that the network got right, before and after. */
export interface AccuracyPair {
  readonly images: number
  readonly before: number
  readonly after: number
}

/** Images without labels whose largest output stayed the same. */
export interface AgreementCount {
  readonly images: number
  readonly same: number
}

const percent = (part: number, digits = 2) => `${(100 * part).toFixed(digits)} %`
const short = (value: number) => Number(value.toPrecision(3)).toString()

/** What `kerf quantize` prints. */
export function quantizeReport(
  name: string,
  result: Quantized,
  { accuracy, agreement }: { readonly accuracy?: AccuracyPair; readonly agreement?: AgreementCount },
  written: WrittenModel,
): Report {
  const { bits, images, range, biasCorrection, outputDrift } = result
  const right = (correct: number, of: number) =>
    `${percent(correct / of)} (${correct.toLocaleString('en')} of ${of.toLocaleString('en')})`
  return {
    title: name,
    facts: [
      [
        'Codes',
        `${bits} bits, ranges by ${range} from ${images.toLocaleString('en')} images${biasCorrection ? ', means of filters corrected' : ''}`,
      ],
      ...(accuracy
        ? ([
            ['Accuracy before', right(accuracy.before, accuracy.images)],
            ['Accuracy after', right(accuracy.after, accuracy.images)],
          ] as const)
        : []),
      ...(agreement
        ? [['Agreement', `${right(agreement.same, agreement.images)} keep their largest output`] as const]
        : []),
      ['Output changes by', `${percent(outputDrift)} (root mean square)`],
      ['Wrote', `${written.path} (${human(written.bytes + (written.externalBytes ?? 0), 'B')})`],
    ],
    tables: [layersTable(result)],
  }
}

function layersTable({ layers }: Quantized): Table {
  return {
    title: 'Adder layers',
    columns: [
      { key: 'layer', header: 'Layer', shorten: true },
      { key: 'seen', header: 'Input seen' },
      { key: 'range', header: 'Range of codes' },
      { key: 'scale', header: 'Scale', optional: true },
      { key: 'outside', header: 'Outside' },
      { key: 'coding', header: 'Input changes' },
      { key: 'clamped', header: 'Weights clamped' },
      { key: 'rounding', header: 'Weights change', optional: true },
      { key: 'drift', header: 'Drift' },
    ],
    rows: layers.map((l) => [
      l.node,
      `${short(l.seen.lo)} … ${short(l.seen.hi)}`,
      `${short(l.range.lo)} … ${short(l.range.hi)}`,
      short(l.scale),
      percent(l.coding.saturated, 3),
      percent(l.coding.relative),
      percent(l.clampedWeights / Math.max(1, l.weights), 1),
      short(l.roundingError),
      percent(l.drift),
    ]),
    notes: [
      'Outside: inputs that the range cuts off. Input changes: by coding alone. Weights clamped: lie outside the range, without loss. Weights change: root mean square. Drift: change of the input with everything before in codes, too.',
    ],
  }
}
