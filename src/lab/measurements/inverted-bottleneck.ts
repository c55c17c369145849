import { momentsOf, seededRandom, seedFrom } from '../../base/index.ts'
import { profileModel } from '../../cost/index.ts'
import { human, type Table } from '../../report/index.ts'
import { hostTensor } from '../../runtime/index.ts'
import { atLeast, atMost, control, near } from '../checks.ts'
import {
  type Design,
  type DesignSizes,
  designOf,
  exactness,
  metricColumns,
  short,
  timeCells,
  timeColumns,
} from '../designs.ts'
import { type Body, digitNet } from '../digit-nets.ts'
import type { Check, Digits, Findings, LabContext } from '../experiment.ts'
import { progress } from '../progress.ts'
import { activationBytes } from '../running.ts'
import { type Times, timesOf } from '../times.ts'
import { type TrainingPlan, trainBriefly } from '../training.ts'

export interface Settings extends Pick<TrainingPlan, 'trainImages' | 'testImages' | 'epochs' | 'batchSize'> {
  /** Of the layer that is counted and timed. */
  readonly channels: number
  /** Its height and width. */
  readonly size: number
  /** t. */
  readonly expansions: readonly number[]
  /** Channels of the first stage of the networks that are trained. */
  readonly width: number
  /** Each network is trained so many times from other weights. */
  readonly draws: number
  /** For times; 0: none are measured. */
  readonly seconds: number
}

/** A design, and what it takes to run it. */
interface Row {
  readonly name: string
  readonly design: Design
  /** Bytes of the activations in Kerf's plan. */
  readonly arena: number
}

/** A network of the body, and what it learnt. */
interface Learnt {
  readonly name: string
  readonly body: Body
  readonly macs: number
  readonly params: number
  /** Of each draw. */
  readonly accuracies: readonly number[]
}

export async function measure(settings: Settings, context: LabContext): Promise<Findings> {
  const { channels, size, expansions, seconds } = settings
  const seed = seedFrom(context.seed, 'layers')
  const named = (
    name: 'regular' | 'separable' | 'inverted-bottleneck',
    label: string,
    more?: Partial<DesignSizes>,
  ) => ({
    name: label,
    design: designOf(name, { channels, size, ...more }, seed),
  })
  const designs = [
    named('regular', 'regular'),
    named('separable', 'separable'),
    ...expansions.map((expansion) => named('inverted-bottleneck', `t = ${expansion}`, { expansion })),
  ]
  const feeds = inputOf(settings, context.seed)
  const rows: Row[] = []
  for (const d of designs) rows.push({ ...d, arena: await activationBytes(d.design.model, feeds, context) })
  const models = designs.map((d) => d.design.model)
  const times = seconds > 0 ? await timesOf(models, feeds, seconds, context) : undefined
  await progress(context, 0.2)
  const digits = await context.digits()
  const learnt = await learn(settings, digits, context)
  return findings(settings, rows, times, learnt, digits.name)
}

function inputOf({ channels, size }: Settings, seed: number) {
  const random = seededRandom(seedFrom(seed, 'x'))
  const x = Float32Array.from({ length: channels * size * size }, random.normal)
  return { input: hostTensor('float32', [1, channels, size, size], x) }
}

async function learn(settings: Settings, digits: Digits, context: LabContext): Promise<Learnt[]> {
  const { expansions, width, draws } = settings
  const classes = digits.sets.test.classes.length
  const bodies: { readonly name: string; readonly body: Body }[] = [
    { name: 'regular', body: { kind: 'regular' } },
    { name: 'separable', body: { kind: 'separable' } },
    ...expansions.map((expansion) => ({
      name: `t = ${expansion}`,
      body: { kind: 'inverted-bottleneck', expansion } as const,
    })),
  ]
  const learnt: Learnt[] = []
  for (const { name, body } of bodies) {
    const accuracies: number[] = []
    const totals = profileModel(digitNet(body, { width, classes, seed: 0 })).totals
    for (let draw = 0; draw < draws; draw++) {
      const seed = seedFrom(context.seed, `draw ${draw}`)
      const net = digitNet(body, { width, classes, seed })
      const plan = { ...settings, learningRate: 0.1 }
      const done = learnt.length * draws + draw
      const trained = await trainBriefly(net, digits, plan, { ...context, seed }, (part) =>
        progress(context, 0.2 + (0.8 * (done + part)) / (bodies.length * draws)),
      )
      accuracies.push(trained.accuracies.at(-1)!)
    }
    learnt.push({ name, body, macs: totals.macs, params: totals.params, accuracies })
  }
  return learnt
}

function findings(
  { channels, size, expansions, trainImages, testImages, epochs, draws, width }: Settings,
  rows: readonly Row[],
  times: Times | undefined,
  learnt: readonly Learnt[],
  digits: string,
): Findings {
  const [regular, separable] = rows as readonly [Row, Row]
  const wide = (t: number) => rows.find((r) => r.name === `t = ${t}`)!
  const [least, most] = [expansions[0]!, expansions.at(-1)!]
  const ratio = (key: 'macs' | 'accesses', a: Row, b: Row) => a.design.counted[key] / b.design.counted[key]
  const accuracyOf = (name: string) => momentsOf(learnt.find((l) => l.name === name)!.accuracies).mean
  const checks: Check[] = [
    exactness(rows.map((r) => r.design)),
    near(
      `MACs at t = ${most}, by those of the regular convolution: 2t/k² + t/C`,
      (2 * most) / 9 + most / channels,
      ratio('macs', wide(most), regular),
      1e-9,
    ),
    atLeast(`accesses at t = ${most}, by those of the regular convolution`, 5, ratio('accesses', wide(most), regular)),
    control(
      atMost(
        `they grow as the MACs do`,
        1.1 * ratio('macs', wide(most), regular),
        ratio('accesses', wide(most), regular),
      ),
    ),
    atLeast(
      `peak memory of the activations at t = ${most}, by that of the regular convolution`,
      most / 2,
      wide(most).arena / regular.arena,
    ),
    atLeast(
      `accuracy at t = ${most}, less that at t = ${least}`,
      0,
      accuracyOf(`t = ${most}`) - accuracyOf(`t = ${least}`),
    ),
    ...(times?.runtimes ?? []).map((name, r) => {
      const price = (row: Row) => times!.fastestMs[rows.indexOf(row)]![r]! / row.design.formula.macs
      const what = `${name}: time of a product at t = ${most}, by that of the regular convolution`
      return atLeast(what, 1, price(wide(most)) / price(regular))
    }),
  ]
  return {
    data: `layers of ${channels} channels, ${size}×${size}, k = 3; networks of ${width} and ${2 * width} channels, ${trainImages} images of ${digits} in ${epochs} epochs, ${testImages} to test, ${draws} draws`,
    tables: [
      {
        title: 'Three metrics and memory',
        columns: [
          { key: 'design', header: 'Design' },
          ...metricColumns,
          { key: 'macsRatio', header: 'MACs ÷', kind: 'ratio' },
          { key: 'accessesRatio', header: 'acc. ÷', kind: 'ratio' },
          { key: 'memory', header: 'Peak memory' },
        ],
        rows: rows.map((row) => {
          const { macs, params, accesses } = row.design.counted
          const ratios = [ratio('macs', row, regular), ratio('accesses', row, regular)].map(short)
          return [row.name, macs, params, accesses, ...ratios, human(row.arena, 'B')]
        }),
        notes: ['÷: by the regular convolution. Peak memory: activations in Kerf’s plan, input and output with them.'],
      },
      ...(times ? [timeTable(rows, times)] : []),
      {
        title: 'What it buys: networks that differ in the body alone',
        columns: [
          { key: 'body', header: 'Body' },
          { key: 'macs', header: 'MACs', kind: 'count' },
          { key: 'params', header: 'Params', kind: 'count' },
          { key: 'accuracy', header: 'Accuracy', kind: 'ratio' },
          { key: 'lowest', header: 'lowest', kind: 'ratio' },
          { key: 'highest', header: 'highest', kind: 'ratio' },
        ],
        rows: learnt.map(({ name, macs, params, accuracies }) => [
          ...[name, macs, params, momentsOf(accuracies).mean],
          ...[Math.min(...accuracies), Math.max(...accuracies)],
        ]),
      },
    ],
    charts: [
      {
        title: 'By the regular convolution, in t',
        xLabel: 't',
        series: (['macs', 'accesses'] as const).map((key) => ({
          name: key === 'macs' ? 'MACs' : 'accesses',
          points: expansions.map((t): [number, number] => [t, ratio(key, wide(t), regular)]),
        })),
      },
      {
        title: 'Accuracy by the MACs of the network',
        xLabel: 'MACs',
        yFormat: 'percent',
        xScale: 'log',
        series: learnt.map((l) => ({
          name: l.name,
          mark: 'points' as const,
          points: l.accuracies.map((a): [number, number] => [l.macs, a]),
        })),
      },
    ],
    checks,
    notes: [
      `The separable convolution touches ${short(ratio('accesses', separable, regular))} times the numbers of the regular one where its two layers are not fused.`,
    ],
  }
}

const timeTable = (rows: readonly Row[], times: Times): Table => ({
  title: 'Time: the fastest run, and what it reaches',
  columns: [{ key: 'design', header: 'Design' }, ...timeColumns(times.runtimes)],
  rows: rows.map((row, i) => [row.name, ...timeCells(row.design.formula.macs, times, i)]),
})
