import type { Comparison } from '../cost/index.ts'
import type { WrittenModel } from '../onnx/index.node.ts'
import { compareReport, human, layerNames, type Report, type Table } from '../report/index.ts'
import type { AdderSwap } from '../rewrite/index.ts'

/** Everything that `kerf swap` did, or would do. */
export interface SwapResult extends AdderSwap {
  readonly comparison: Comparison
  /** What means and variances are measured on. */
  readonly statistics: 'data' | 'noise'
  /** Undefined: nothing was written. */
  readonly written?: WrittenModel
  /** A training recipe. */
  readonly next?: Readonly<Record<string, unknown>>
}

/** @param recipe the file that the recipe was written to */
export function swapReport(
  name: string,
  result: SwapResult,
  { recipe, fullNames }: { readonly recipe?: string; readonly fullNames?: boolean },
): Report {
  const { swapped, written, next, comparison } = result
  const inserted = swapped.filter((l) => l.batchNormalization === 'inserted').length
  const costs = compareReport(comparison, { fullNames })
  const names = fullNames ? undefined : layerNames(comparison.layers.flatMap((l) => l.a ?? l.b ?? []))
  const named = (name: string) => names?.named(name) ?? name
  return {
    title: name,
    facts: [
      ['Swapped', `${swapped.length} ${swapped.length === 1 ? 'convolution' : 'convolutions'} for adder convolutions`],
      ...(inserted > 0 ? [['BatchNormalization', `put in behind ${inserted} of them`] as const] : []),
      ...(written
        ? ([
            [
              'Statistics',
              result.statistics === 'data'
                ? 'measured on training images'
                : 'measured on noise (--data measures on images)',
            ],
            ['Wrote', `${written.path} (${human(written.bytes + (written.externalBytes ?? 0), 'B')})`],
          ] as const)
        : [['Wrote', 'nothing (--dry-run)'] as const]),
    ],
    tables: [swappedTable(result, named), ...keptTable(result, named), ...costs.tables],
    notes: [
      'The new layers have learnt nothing yet. Train the network, with the one it was made from as teacher:',
      recipe !== undefined
        ? `  kerf train ${recipe}`
        : `  kerf train --model ${written?.path ?? 'OUT'} --data … --epochs ${next?.epochs ?? 50} --set distillation.teacher=${name} -o RUN   (--recipe FILE writes a recipe)`,
    ],
  }
}

function swappedTable({ swapped }: SwapResult, named: (name: string) => string): Table {
  return {
    title: 'Adder layers',
    columns: [
      { key: 'layer', header: 'Layer', shorten: true },
      { key: 'weights', header: 'Weights' },
      { key: 'normalisation', header: 'BatchNormalization' },
    ],
    rows: swapped.map((l) => [named(l.node), l.shape.join('×'), l.batchNormalization]),
  }
}

function keptTable({ kept, refused }: SwapResult, named: (name: string) => string): Table[] {
  if (kept.length + refused.length === 0) return []
  return [
    {
      title: 'Not swapped',
      columns: [
        { key: 'layer', header: 'Layer', shorten: true },
        { key: 'why', header: 'Why' },
      ],
      rows: [...kept, ...refused].map((l) => [named(l.node), l.why]),
    },
  ]
}
