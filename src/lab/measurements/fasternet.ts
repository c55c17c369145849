import { rankCorrelation, seededRandom, seedFrom } from '../../base/index.ts'
import { profileModel, type TotalCounts } from '../../cost/index.ts'
import { type NetName, nets } from '../../nets/index.ts'
import { human, type Table } from '../../report/index.ts'
import { hostTensor } from '../../runtime/index.ts'
import { atLeast, atMost, control, equal } from '../checks.ts'
import { metricColumns, short, timeCells, timeColumns } from '../designs.ts'
import type { Check, Findings, LabContext } from '../experiment.ts'
import { progress } from '../progress.ts'
import { activationBytes } from '../running.ts'
import { ownRuntime, type Times, timesOf } from '../times.ts'

export interface Settings {
  /** What is timed, FasterNet-T0 and MobileNetV2 among them. */
  readonly networks: readonly NetName[]
  /** Height and width of the images that they are timed on; counts are of 224. */
  readonly size: number
  /** 0: no times are measured. */
  readonly seconds: number
}

/** MACs as they are published, at 224². */
const published: Partial<Record<NetName, number>> = {
  ...{ fasternet_t0: 335_422_720, fasternet_t1: 850_511_872, fasternet_t2: 1_904_334_848 },
  ...{ mobilenet_v1: 568_740_352, ghostnet: 141_150_512 },
}

/** A network, what it costs at 224², and what it takes of memory as it is timed. */
interface Row {
  readonly name: NetName
  readonly totals: TotalCounts
  readonly macs: number
  readonly arena: number
}

export async function measure({ networks, size, seconds }: Settings, context: LabContext): Promise<Findings> {
  const random = seededRandom(seedFrom(context.seed, 'image'))
  const x = Float32Array.from({ length: 3 * size * size }, random.normal)
  const feeds = { input: hostTensor('float32', [1, 3, size, size], x) }
  const rows: Row[] = []
  const models = networks.map((name) => nets[name]({ batch: 1, inputSize: size, seed: context.seed }))
  for (const [i, name] of networks.entries()) {
    const { totals } = profileModel(nets[name]({ batch: 1 }))
    const { macs } = profileModel(models[i]!).totals
    rows.push({ name, totals, macs, arena: await activationBytes(models[i]!, feeds, context) })
    await progress(context, (0.4 * rows.length) / networks.length)
  }
  const times = seconds > 0 ? await timesOf(models, feeds, seconds, context) : undefined
  return findings(rows, times, size)
}

const metrics: readonly { readonly name: string; readonly of: (row: Row) => number }[] = [
  { name: 'MACs', of: (r) => r.totals.macs },
  { name: 'parameters', of: (r) => r.totals.params },
  { name: 'accesses', of: (r) => r.totals.accesses },
  { name: 'peak memory', of: (r) => r.arena },
]

function findings(rows: readonly Row[], times: Times | undefined, size: number): Findings {
  const at = (name: NetName) => rows.findIndex((r) => r.name === name)
  const [faster, mobile] = [rows[at('fasternet_t0')]!, rows[at('mobilenet_v2')]!]
  const ms = (row: Row, r: number) => times!.fastestMs[rows.indexOf(row)]![r]!
  const wrong = rows.filter((r) => published[r.name] !== undefined && published[r.name] !== r.totals.macs)
  const checks: Check[] = [
    equal('Networks whose MACs are not those that are published', 0, wrong.length),
    atMost('FasterNet-T0 by MobileNetV2, memory accesses', 1, faster.totals.accesses / mobile.totals.accesses),
    atMost('FasterNet-T0 by MobileNetV2, peak memory of the activations', 1, faster.arena / mobile.arena),
    control(atMost('FasterNet-T0 by MobileNetV2, MACs', 1, faster.totals.macs / mobile.totals.macs)),
    ...(times?.runtimes ?? []).flatMap((name, r) => [
      atMost(`${name}: FasterNet-T0 by MobileNetV2, time`, 1, ms(faster, r) / ms(mobile, r)),
      atLeast(
        `${name}: FasterNet-T0 by MobileNetV2, MACs per second`,
        1.2,
        faster.macs / ms(faster, r) / (mobile.macs / ms(mobile, r)),
      ),
    ]),
  ]
  return {
    data: `${rows.length} networks, one image of ${size}×${size}; random numbers`,
    tables: [
      {
        title: 'Networks: counts at 224×224, memory and times at the size that is timed',
        columns: [
          { key: 'network', header: 'Network' },
          ...metricColumns,
          { key: 'memory', header: 'Peak memory', optional: 4 },
          ...(times ? timeColumns(times.runtimes) : []),
        ],
        rows: rows.map(({ name, totals, macs, arena }, i) => [
          ...[name, totals.macs, totals.params, totals.accesses, human(arena, 'B')],
          ...(times ? timeCells(macs, times, i) : []),
        ]),
      },
      ...(times ? [orderTable(rows, times)] : []),
    ],
    charts: [
      {
        kind: 'bars',
        title: times ? `${ownRuntime}: ms per image` : 'MACs at 224×224',
        categories: rows.map((r) => r.name),
        series: [
          {
            name: times ? 'ms' : 'MACs',
            values: rows.map((r) => (times ? ms(r, times.runtimes.indexOf(ownRuntime)) : r.totals.macs)),
          },
        ],
      },
    ],
    checks,
  }
}

const orderTable = (rows: readonly Row[], { runtimes, fastestMs }: Times): Table => ({
  title: 'Which metric orders the networks as the clock does: correlation of ranks',
  columns: [
    { key: 'metric', header: 'Metric' },
    ...runtimes.map((name) => ({ key: `${name} rate`, header: `${name}, with ms`, kind: 'ratio' as const })),
  ],
  rows: metrics.map(({ name, of }) => [
    name,
    ...runtimes.map((_, r) =>
      short(
        rankCorrelation(
          rows.map(of),
          rows.map((_, i) => fastestMs[i]![r]!),
        ),
      ),
    ),
  ]),
})
