import type { WrittenModel } from '../api/files.node.ts'
import { type Rewrite, rewriteOf } from '../api/rewrite.ts'
import type { Swapped } from '../api/workflow.ts'
import { type Cell, compareReport, human, layerNames, type Report, shortNumber, type Table } from '../report/index.ts'

/** Everything that `kerf swap` did, or would do. */
export interface SwapResult extends Swapped {
  /** Undefined: nothing was written. */
  readonly written?: WrittenModel
}

interface SwapReportOptions {
  /** The name of the rewrite. */
  readonly to: string
  /** The file that the recipe was written to. */
  readonly recipe?: string
  readonly epochs: number
  readonly fullNames?: boolean
}

export function swapReport(
  name: string,
  result: SwapResult,
  { to, recipe, epochs, fullNames }: SwapReportOptions,
): Report {
  const { swapped, written, comparison } = result
  const { title } = rewriteOf(to)
  const costs = compareReport(comparison, { fullNames })
  const names = fullNames ? undefined : layerNames(comparison.layers.flatMap((l) => l.a ?? l.b ?? []))
  const named = (name: string) => names?.named(name) ?? name
  return {
    title: name,
    facts: [
      ['Swapped', `${swapped.length} ${swapped.length === 1 ? 'layer' : 'layers'} for ${title}`],
      ...(written
        ? ([
            ['Statistics', statisticsText[result.statistics]],
            ['Wrote', `${written.path} (${human(written.bytes + (written.externalBytes ?? 0), 'B')})`],
          ] as const)
        : [['Wrote', 'nothing (--dry-run)'] as const]),
    ],
    tables: [swappedTable(result, rewriteOf(to), named), ...keptTable(result, named), ...costs.tables],
    notes: [
      'The network must learn anew. Train it, with the one it was made from as teacher:',
      recipe !== undefined
        ? `  kerf train ${recipe}`
        : `  kerf train --model ${written?.path ?? 'OUT'} --data … --epochs ${epochs} --set distillation.teacher=${name} -o RUN   (--recipe FILE writes a recipe)`,
    ],
  }
}

const statisticsText: Readonly<Record<Swapped['statistics'], string>> = {
  data: 'measured on training images',
  noise: 'measured on noise (--data measures on images)',
  kept: 'what they were (--data measures them on images)',
}

function swappedTable({ swapped }: SwapResult, { title, facts = {} }: Rewrite, named: (name: string) => string): Table {
  const keys = Object.keys(facts)
  const hasErrors = swapped.some((layer) => layer.weightError !== undefined)
  return {
    title: title.replace(/^./, (letter) => letter.toUpperCase()),
    columns: [
      { key: 'layer', header: 'Layer', shorten: true },
      { key: 'weights', header: 'Weights' },
      { key: 'from', header: 'From' },
      ...keys.map((key) => ({ key, header: facts[key]! })),
      ...(hasErrors ? [{ key: 'weightError', header: '‖W−W′‖ ÷ ‖W‖' }] : []),
    ],
    rows: swapped.map((layer) => {
      const weights = layer.parameters.filter((p) => p.shape.length > 1)
      const [shapes, sources] = [weights.map((p) => p.shape.join('×')), weights.map((p) => p.from)]
      return [
        named(layer.node),
        shapes.join(', '),
        [...new Set(sources)].join(', '),
        ...keys.map((key) => factText(layer.facts[key])),
        ...(hasErrors ? [layer.weightError === undefined ? null : shortNumber(layer.weightError)] : []),
      ]
    }),
  }
}

const factText = (fact: string | number | undefined): Cell =>
  typeof fact === 'number' ? shortNumber(fact) : (fact ?? null)

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
