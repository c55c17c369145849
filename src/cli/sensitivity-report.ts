import { type Quality, qualityName, qualityValue, type Sensitivity } from '../api/workflow.ts'
import {
  type Column,
  type LayerNames,
  type LineChart,
  namesNote,
  type Report,
  sparkline,
  type Table,
} from '../report/index.ts'

/** How a table calls a layer. */
type Named = (name: string) => string
const whole: Named = (name) => name

const percent = (part: number): string => (100 * part).toFixed(1)

/** What a layer bears: quality falls by no more than this. */
export const borne = 0.01

/** The largest ratio up to which no measured one costs more than `borne`; 0 where the smallest does. */
export function bears({ given }: Sensitivity, points: Sensitivity['groups'][number]['points']): number {
  const least = qualityValue(given) - borne
  const sorted = [...points].sort((a, b) => a.ratio - b.ratio)
  const first = sorted.findIndex(({ quality }) => qualityValue(quality) < least - 1e-12)
  return (first < 0 ? sorted.at(-1) : sorted[first - 1])?.ratio ?? 0
}

const described: Readonly<Record<ReturnType<typeof qualityName>, string>> = {
  accuracy: 'the part of the images whose largest output is their label',
  agreement: 'the part of the images whose largest output is that of the network as it was given',
  '1 − output error': '1 − √(Σ(y − y₀)² ÷ Σy₀²) over the outputs y, where y₀ are those of the network as it was given',
}

const qualityFacts = (quality: Quality): [string, string][] => [
  ['Quality', `${qualityName(quality)}: ${described[qualityName(quality)]}`],
  ['Uncut', `${percent(qualityValue(quality))} % of ${quality.images.toLocaleString('en')} images`],
]

const shown = (ratio: number): number => Number((100 * ratio).toPrecision(3))
const goes = (ratio: number): string => `−${shown(ratio)}%`

/** A row per group: what is left of the quality, in percent, when a part of it goes. */
function sensitivityTable(result: Sensitivity, named: Named): Table {
  const { ratios, groups } = result
  const columns: Column[] = [
    { key: 'group', header: 'Group', shorten: true },
    { key: 'channels', header: 'Ch.', kind: 'count' },
    { key: 'curve', header: 'Curve' },
    { key: 'bears', header: 'Bears', align: 'right' },
    ...ratios.map((ratio, i): Column => {
      const isBetween = ratios.length > 5 && i % 2 === 1
      return {
        ...{ key: String(ratio), header: goes(ratio), align: 'right' },
        ...(isBetween ? { optional: 2, group: 'between' } : {}),
      }
    }),
  ]
  const all = groups.flatMap((g) => g.points.map(({ quality }) => qualityValue(quality)))
  const range = [Math.min(...all, qualityValue(result.given)), qualityValue(result.given)] as const
  return {
    columns,
    rows: groups.map(({ name, channels, points }) => {
      const values = points.map(({ quality }) => qualityValue(quality))
      const curve = sparkline(values, ratios.length, range)
      return [named(name), channels, curve, `${shown(bears(result, points))}%`, ...values.map(percent)]
    }),
    notes: [
      `${goes(ratios[0]!)}: what is left of the quality, in percent, when ${shown(ratios[0]!)} % of the channels of this group go, and nothing else. Bears: the most that costs no more than ${percent(borne)} points.`,
    ],
  }
}

/**
 * @param circumstances facts to go with the numbers
 * @param names how layers are called; undefined: as the file does
 */
export function sensitivityReport(
  model: string,
  result: Sensitivity,
  circumstances: readonly (readonly [string, string])[],
  notes: readonly string[],
  names?: LayerNames,
): Report {
  const named = names?.named ?? whole
  return {
    title: `${model}: what each layer bears`,
    facts: [...qualityFacts(result.given), ...circumstances],
    tables: [sensitivityTable(result, named), ...(result.refused.length > 0 ? [refusedTable(result, named)] : [])],
    notes: [...notes, ...(names ? namesNote(names) : [])],
  }
}

/** Layers whose channels nothing may take, and why. */
export const refusedTable = ({ refused }: Pick<Sensitivity, 'refused'>, named: Named): Table => ({
  title: 'Stays as it is',
  columns: [
    { key: 'layer', header: 'Layer', shorten: true },
    { key: 'channels', header: 'Channels', kind: 'count' },
    { key: 'why', header: 'Why', wrap: true },
  ],
  rows: refused.map(({ node, channels, why }) => [named(node), channels, why]),
})

/** So many lines can be told apart. */
const mostLines = 10

/** Quality against the part that goes: of many groups those that bear least and those that bear most. */
export function sensitivityChart({ given, groups }: Sensitivity): LineChart {
  const worst = (g: Sensitivity['groups'][number]) =>
    g.points.reduce((sum, { quality }) => sum + qualityValue(quality), 0)
  const sorted = [...groups].sort((a, b) => worst(a) - worst(b))
  const half = mostLines / 2
  const shown = sorted.length <= mostLines ? groups : [...sorted.slice(0, half), ...sorted.slice(-half)]
  const which =
    sorted.length <= mostLines ? '' : `, of the ${half} most and the ${half} least sensitive of ${sorted.length} groups`
  return {
    title: `${qualityName(given)} when a part of one group goes${which}`,
    xLabel: 'part of the channels that goes',
    yFormat: 'percent',
    series: shown.map(({ name, points }) => ({
      name,
      points: [
        [0, qualityValue(given)] as const,
        ...points.map(({ ratio, quality }) => [ratio, qualityValue(quality)] as const).sort((a, b) => a[0] - b[0]),
      ],
    })),
  }
}

/** For programs: as the library gives it. */
export const sensitivityJson = (model: string, result: Sensitivity): unknown => ({
  model,
  quality: qualityName(result.given),
  ...result,
  groups: result.groups.map((g) => ({ ...g, bears: bears(result, g.points) })),
})
