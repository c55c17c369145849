import type { WrittenModel } from '../api/files.node.ts'
import type { IntegerNetwork, Quantized } from '../api/rewrite.ts'
import { human, type LayerNames, namesNote, type Report, type Table } from '../report/index.ts'

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

/** What was measured on images: accuracy with labels, agreement without. */
export interface Judged {
  readonly accuracy?: AccuracyPair
  readonly agreement?: AgreementCount
}

/** How tables call layers; undefined: as the file does. */
type Names = LayerNames | undefined

/** What `kerf quantize` prints of adder layers. */
export function quantizeReport(
  name: string,
  result: Quantized,
  judged: Judged,
  written: WrittenModel,
  names?: LayerNames,
): Report {
  const corrected = result.biasCorrection ? ', means of filters corrected' : ''
  return {
    title: name,
    facts: factsOf(result, corrected, judged, written),
    tables: [layersTable(result, names)],
    notes: names && namesNote(names),
  }
}

/** What `kerf quantize --to int8` prints. */
export function integerReport(
  name: string,
  result: IntegerNetwork,
  ways: string,
  judged: Judged,
  written: WrittenModel,
  names?: LayerNames,
): Report {
  return {
    title: name,
    facts: factsOf(result, ways, judged, written),
    tables: [integerTable(result, names), ...keptTable(result, names)],
    notes: names && namesNote(names),
  }
}

function factsOf(
  { bits, images, range, outputDrift }: Pick<Quantized, 'bits' | 'images' | 'range' | 'outputDrift'>,
  ways: string,
  { accuracy, agreement }: Judged,
  written: WrittenModel,
): (readonly [string, string])[] {
  const right = (correct: number, of: number) =>
    `${percent(correct / of)} (${correct.toLocaleString('en')} of ${of.toLocaleString('en')})`
  return [
    ['Codes', `${bits} bits, ranges by ${range} from ${images.toLocaleString('en')} images${ways}`],
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
  ]
}

function integerTable({ layers, sensitivity }: IntegerNetwork, names: Names): Table {
  return {
    title: 'Layers in codes',
    columns: [
      { key: 'layer', header: 'Layer', shorten: true },
      { key: 'op', header: 'Op' },
      { key: 'weights', header: 'Weights', kind: 'count' },
      { key: 'change', header: 'Weights change' },
      { key: 'scale', header: 'Scale of input', optional: true },
      { key: 'zero', header: 'Zero point', optional: true },
      ...(sensitivity ? [{ key: 'alone', header: 'Alone' }] : []),
      { key: 'drift', header: 'Drift' },
    ],
    rows: layers.map((l) => [
      names?.named(l.node) ?? l.node,
      l.op,
      l.weights,
      percent(l.weightError),
      short(l.scale),
      String(l.zeroPoint),
      ...(sensitivity ? [percent(sensitivity.get(l.node) ?? 0)] : []),
      percent(l.drift),
    ]),
    notes: [
      `Weights change: root mean square, by that of the weights.${sensitivity ? ' Alone: change of the output where this layer alone is in codes.' : ''} Drift: change of what the layer makes, with everything before in codes, too.`,
    ],
  }
}

function keptTable({ kept }: IntegerNetwork, names: Names): Table[] {
  if (kept.length === 0) return []
  return [
    {
      title: 'In floating point',
      columns: [
        { key: 'layer', header: 'Layer', shorten: true },
        { key: 'why', header: 'Why', wrap: true },
      ],
      rows: kept.map(({ node, why }) => [names?.named(node) ?? node, why]),
    },
  ]
}

function layersTable({ layers }: Quantized, names: Names): Table {
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
      names?.named(l.node) ?? l.node,
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
