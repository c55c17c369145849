import { seededRandom, seedFrom } from '../../base/index.ts'
import type { Model } from '../../graph/index.ts'
import { type FeatureMap, Layers } from '../../nets/index.ts'
import type { Table } from '../../report/index.ts'
import { type Feeds, hostTensor } from '../../runtime/index.ts'
import { atLeast, atMost, control, equal, near } from '../checks.ts'
import { type Design, designOf, exactness, metricColumns, timeCells, timeColumns } from '../designs.ts'
import type { Check, Findings, LabContext } from '../experiment.ts'
import { progress } from '../progress.ts'
import { openMeasured } from '../running.ts'
import { ownRuntime, type Times, timesOf } from '../times.ts'

type Part = readonly [numerator: number, denominator: number]

export interface Settings {
  /** Of the layers; 16 and every denominator divide it. */
  readonly channels: number
  /** Height and width. */
  readonly size: number
  /** r. */
  readonly parts: readonly Part[]
  /** For each of the three tables; 0: no times are measured. */
  readonly seconds: number
}

/** r where nothing else is said: FasterNet's. */
const quarter: Part = [1, 4]
const kernel = 3

/** A design by the name that tables give it. */
interface Row {
  readonly name: string
  readonly design: Design
}

/** Designs that are compared, and their times. */
interface Timed {
  readonly rows: readonly Row[]
  readonly times: Times | undefined
}

export async function measure(settings: Settings, context: LabContext): Promise<Findings> {
  const { channels: C, size, parts, seconds } = settings
  const seed = seedFrom(context.seed, 'layers')
  const of = (name: string, kind: Design['name'], more: Partial<Parameters<typeof designOf>[1]> = {}): Row => ({
    name,
    design: designOf(kind, { channels: C, size, kernel, part: quarter, ...more }, seed),
  })
  const narrow = C / 4
  const alike = [
    of('partial, r = 1/4', 'partial'),
    of(`regular, ${narrow} channels`, 'regular', { channels: narrow }),
    of('grouped, g = 16', 'grouped', { groups: 16 }),
    of(`depthwise, ${narrow ** 2} channels`, 'depthwise', { channels: narrow ** 2 }),
  ]
  const inR = [
    of('regular', 'regular'),
    of('depthwise', 'depthwise'),
    ...parts.flatMap((part) => {
      const r = part[0] === part[1] ? '1' : part.join('/')
      const some = (C * part[0]) / part[1]
      return [
        of(`partial, r = ${r}`, 'partial', { part }),
        of(`  ${some} channels alone`, 'regular', { channels: some }),
      ]
    }),
  ]
  // Of the same products: t (2 + k²/C) = 4 + k² r².
  const hidden = Math.round((C * (4 + (kernel / 4) ** 2)) / (2 + kernel ** 2 / C))
  const blocks = [
    of('FasterNet block, r = 1/4', 'fasternet'),
    of(`inverted bottleneck, ${hidden} hidden`, 'inverted-bottleneck', { expansion: [hidden, C] }),
  ]
  const timed: Timed[] = []
  for (const rows of [alike, inR, blocks]) {
    const feeds = rows.map(({ design }) => inputOf(design, context.seed))
    const models = rows.map((r) => r.design.model)
    timed.push({ rows, times: seconds > 0 ? await timesOf(models, feeds, seconds, context) : undefined })
    await progress(context, timed.length / 3)
  }
  const within = await betweenLayers({ channels: C, size, seconds }, context)
  return findings(settings, timed as [Timed, Timed, Timed], within)
}

/** The partial convolution of r = 1/4 between two 1×1 layers in Kerf, beside a regular one of its channels alone. */
interface Between {
  /** Bytes that Kerf copies, more than in the network without the layer. */
  readonly copied: number
  /** Undefined: no times are measured. */
  readonly timeMs?: { readonly partial: number; readonly alone: number }
}

/** Rounds in which the two are timed in turns; of each the fastest counts. */
const rounds = 12

async function betweenLayers(
  { channels, size, seconds }: Pick<Settings, 'channels' | 'size' | 'seconds'>,
  context: LabContext,
): Promise<Between> {
  const narrow = channels / 4
  const layer = between(channels, size, (net, x) => {
    const [first, rest] = net.split(x, 'split', narrow)
    return net.concat([net.conv(first, 'conv', { outChannels: narrow, kernel }), rest], 'concat')
  })
  const alone = between(narrow, size, (net, x) => net.conv(x, 'conv', { outChannels: narrow, kernel }))
  const none = between(channels, size, (_, x) => x)
  const measured = async (model: Model, width: number, seconds: number) => {
    const session = await openMeasured(model, context)
    try {
      const { tasks } = await session.profile(inputOf({ channels: width, size }, context.seed), seconds, {
        signal: context.signal,
      })
      const own = tasks.filter((t) => t.nodes.some((name) => ['split', 'conv', 'concat'].includes(name)))
      return {
        copied: tasks.reduce((sum, t) => sum + t.copiedBytes, 0),
        timeMs: own.reduce((sum, t) => sum + t.timeMs, 0),
      }
    } finally {
      await session.dispose()
    }
  }
  const copied = (await measured(layer, channels, 0)).copied - (await measured(none, channels, 0)).copied
  if (seconds === 0) return { copied }
  const timeMs = { partial: Number.POSITIVE_INFINITY, alone: Number.POSITIVE_INFINITY }
  for (let round = 0; round < rounds; round++) {
    const part = seconds / (4 * rounds)
    timeMs.partial = Math.min(timeMs.partial, (await measured(layer, channels, part)).timeMs)
    timeMs.alone = Math.min(timeMs.alone, (await measured(alone, narrow, part)).timeMs)
  }
  return { copied, timeMs }
}

/** A network of some layers, with a 1×1 convolution before and behind. */
function between(channels: number, size: number, middle: (net: Layers, x: FeatureMap) => FeatureMap): Model {
  const net = new Layers('between', { batch: 1 }, { classes: 1, inChannels: channels, inputSize: size })
  const x = middle(net, net.conv(net.input, 'before', { outChannels: channels }))
  return net.block(net.conv(x, 'behind', { outChannels: channels }))
}

function inputOf({ channels, size }: Pick<Design, 'channels' | 'size'>, seed: number): Feeds {
  const random = seededRandom(seedFrom(seed, 'x'))
  const x = Float32Array.from({ length: channels * size * size }, random.normal)
  return { input: hostTensor('float32', [1, channels, size, size], x) }
}

function findings(
  { channels, size, parts }: Settings,
  [alike, inR, blocks]: readonly [Timed, Timed, Timed],
  { copied, timeMs }: Between,
): Findings {
  const [part, , , depthwise] = alike.rows.map((r) => r.design) as [Design, Design, Design, Design]
  const [regular] = inR.rows.map((r) => r.design) as [Design]
  const [faster, inverted] = blocks.rows.map((r) => r.design) as [Design, Design]
  const byPart = parts.map(([a, b], i) => ({ r: a / b, design: inR.rows[2 + 2 * i]!.design }))
  const ratio = (key: 'macs' | 'accesses', a: Design, b: Design) => a.formula[key] / b.formula[key]
  const checks: Check[] = [
    exactness([alike, inR, blocks].flatMap((t) => t.rows.map((r) => r.design))),
    equal('Layers of equal MACs whose parameters differ', 0, differing(alike.rows, 'params')),
    near(
      'MACs by r, farthest from r²',
      1,
      farthest(byPart.map((p) => ratio('macs', p.design, regular) / p.r ** 2)),
      1e-9,
    ),
    near('FasterNet block by inverted bottleneck, MACs', 1, ratio('macs', faster, inverted), 0.01),
    atLeast('Depthwise by partial at equal MACs, accesses', 10, ratio('accesses', depthwise, part)),
    atLeast('Inverted bottleneck by FasterNet block at equal MACs, accesses', 1.2, ratio('accesses', inverted, faster)),
    control(equal('Layers of equal MACs whose accesses differ', 0, differing(alike.rows, 'accesses'))),
    control(
      atMost(
        'Partial, r = 1/4, by regular, accesses, where channels are copied',
        1 / 4,
        (part.formula.accesses + part.moved) / regular.formula.accesses,
      ),
    ),
    equal(`${ownRuntime}: bytes copied for a partial convolution between other layers`, 0, copied),
    ...(timeMs
      ? [
          atMost(
            `${ownRuntime}: partial, r = 1/4, between other layers, by its convolution alone, time`,
            1.15,
            timeMs.partial / timeMs.alone,
          ),
        ]
      : []),
    ...timeChecks(alike, inR, blocks),
  ]
  return {
    data: `layers of ${channels} channels, ${size}×${size}, k = ${kernel}; random numbers`,
    tables: [
      table('At equal MACs', alike, false),
      table('In r: partial convolutions, beside regular ones of as many channels alone', inR, true),
      table('Blocks of equal MACs', blocks, false),
    ],
    charts: [
      {
        title: 'By the regular convolution, in r',
        xLabel: 'r',
        series: [
          { name: 'MACs', points: byPart.map((p): [number, number] => [p.r, ratio('macs', p.design, regular)]) },
          {
            name: 'accesses',
            points: byPart.map((p): [number, number] => [p.r, ratio('accesses', p.design, regular)]),
          },
          ...(inR.times?.runtimes ?? []).map((name, r) => ({
            name: `time, ${name}`,
            points: byPart.map((p, i): [number, number] => [
              p.r,
              inR.times!.fastestMs[2 + 2 * i]![r]! / inR.times!.fastestMs[0]![r]!,
            ]),
          })),
        ],
      },
    ],
    checks,
  }
}

const differing = (rows: readonly Row[], key: 'params' | 'accesses'): number =>
  rows.filter((r) => r.design.formula[key] !== rows[0]!.design.formula[key]).length

/** Of quotients that should be 1. */
const farthest = (quotients: readonly number[]): number =>
  quotients.reduce((a, b) => (Math.abs(b - 1) > Math.abs(a - 1) ? b : a), 1)

function timeChecks(alike: Timed, inR: Timed, blocks: Timed): Check[] {
  const runtimes = alike.times?.runtimes ?? []
  const own = runtimes.indexOf(ownRuntime)
  if (own < 0) return []
  const ms = ({ times }: Timed, i: number, r = own) => times!.fastestMs[i]![r]!
  return [
    ...runtimes.map((name, r) =>
      atLeast(`${name}: partial by depthwise at equal MACs, MACs per second`, 2, ms(alike, 3, r) / ms(alike, 0, r)),
    ),
    ...runtimes.map((name, r) =>
      atMost(
        `${name}: FasterNet block by inverted bottleneck at equal MACs, time`,
        1,
        ms(blocks, 0, r) / ms(blocks, 1, r),
      ),
    ),
    control(
      atLeast(
        `${ownRuntime}: depthwise by regular at the same width, MACs per second`,
        0.9,
        inR.rows[1]!.design.formula.macs / ms(inR, 1) / (inR.rows[0]!.design.formula.macs / ms(inR, 0)),
      ),
    ),
  ]
}

function table(title: string, { rows, times }: Timed, withMoved: boolean): Table {
  return {
    title,
    columns: [
      { key: 'design', header: 'Layer' },
      ...metricColumns,
      ...(withMoved ? [{ key: 'moved', header: 'if copied', kind: 'count' as const }] : []),
      ...(times ? timeColumns(times.runtimes) : []),
    ],
    rows: rows.map(({ name, design: { counted, formula, moved } }, i) => [
      name,
      ...[counted.macs, counted.params, counted.accesses],
      ...(withMoved ? [counted.accesses + moved] : []),
      ...(times ? timeCells(formula.macs, times, i) : []),
    ]),
    notes: withMoved
      ? [
          'If copied: accesses with those of Split and Concat. Networks of one layer: Kerf brings what comes in and goes out into its own order of channels, and copies the others there.',
        ]
      : [],
  }
}
