import { seededRandom, seedFrom } from '../../base/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../../graph/index.ts'
import { type HostTensor, hostTensor, hostValues, type SessionOptions, timeInTurns } from '../../runtime/index.ts'
import { atLeast, atMost, control, equal } from '../checks.ts'
import type { Check, Contender, Findings, LabContext } from '../experiment.ts'
import { openMeasured } from '../running.ts'

/** A convolution of stride 1. */
export interface Layer {
  readonly inChannels: number
  readonly outChannels: number
  /** Height and width. */
  readonly size: number
  /** 1 or 3. */
  readonly kernel: number
}

export interface Settings {
  readonly layers: readonly Layer[]
  /** Parts of the weights that are 0, ascending. */
  readonly shares: readonly number[]
  /** For a layer. */
  readonly seconds: number
}
const nameOf = ({ inChannels, outChannels, size, kernel }: Layer): string =>
  `${kernel}×${kernel}, ${inChannels} → ${outChannels}, ${size}²`

/** The layer with a part of its weights at 0, wherever they come: the same ones go first. */
function withZeros({ inChannels, outChannels, size, kernel }: Layer, share: number, seed: number): Model {
  const random = seededRandom(seed)
  const b = new GraphBuilder('layer')
  const taps = inChannels * kernel * kernel
  const deviation = Math.sqrt(2 / taps)
  const weights = Float32Array.from({ length: outChannels * taps }, () => {
    const weight = deviation * random.normal()
    return random.uniform() < share ? 0 : weight
  })
  const w = b.constant('w', tensorOf('float32', [outChannels, inChannels, kernel, kernel], weights))
  const pad = (kernel - 1) / 2
  const y = b.node('Conv', [b.input('x', 'float32', [1, inChannels, size, size]), w], { pads: [pad, pad, pad, pad] })
  b.output(y, { kind: 'tensor', elementType: 'float32', shape: [1, outChannels, size, size] })
  return b.model()
}

interface Opened extends Contender {
  readonly kernels: readonly string[]
  readonly result: Float64Array
}

async function opened(
  model: Model,
  x: HostTensor,
  context: LabContext,
  options: Pick<SessionOptions, 'sparse' | 'winograd'>,
): Promise<Opened> {
  const session = await openMeasured(model, context, options)
  const { tasks } = await session.profile({ x }, 0)
  const [y] = Object.values(await session.run({ x }))
  return {
    ...{ name: 'kerf', version: 'kerf' },
    kernels: tasks.flatMap((t) => t.kernels),
    result: hostValues(y!),
    step: async () => void (await session.run({ x })),
    release: async () => session.dispose(),
  }
}

/** One layer with one share of zeros. */
interface Row {
  readonly layer: Layer
  readonly share: number
  readonly denseMs: number
  readonly sparseMs: number
  /** Whether Kerf does it so when it is not told. */
  readonly isTaken: boolean
  readonly isSame: boolean
}

/** A dense runtime without zeros and with the most. */
interface Peer {
  readonly name: string
  readonly layer: Layer
  readonly denseMs: number
  readonly zerosMs: number
}

const isSame = (a: Float64Array, b: Float64Array): boolean => a.length === b.length && a.every((v, i) => v === b[i])

async function measureLayer(
  layer: Layer,
  { shares, seconds }: Settings,
  context: LabContext,
): Promise<{ rows: Row[]; peers: Peer[] }> {
  const seed = seedFrom(context.seed, nameOf(layer))
  const random = seededRandom(seedFrom(context.seed, 'x'))
  const { inChannels, size } = layer
  const shape = [1, inChannels, size, size]
  const x = hostTensor('float32', shape, Float32Array.from({ length: inChannels * size * size }, random.normal))
  const models = [0, ...shares].map((share) => withZeros(layer, share, seed))
  const contenders: Contender[] = []
  const open = async (model: Model, options: Pick<SessionOptions, 'sparse' | 'winograd'>) => {
    const contender = await opened(model, x, context, options)
    contenders.push(contender)
    return contender
  }
  try {
    await open(models[0]!, { sparse: 'never' })
    const facts: Pick<Row, 'isTaken' | 'isSame'>[] = []
    for (const model of models.slice(1)) {
      const sparse = await open(model, { sparse: 'always' })
      // Those below are not timed.
      const dense = await opened(model, x, context, { sparse: 'never', winograd: false })
      const own = await opened(model, x, context, {})
      facts.push({
        isTaken: own.kernels.some((k) => k.startsWith('sparse')),
        isSame: isSame(sparse.result, dense.result),
      })
      await Promise.all([dense.release(), own.release()])
    }
    const [without, zeros] = [
      (await context.peers?.(models[0]!, { x })) ?? [],
      (await context.peers?.(models.at(-1)!, { x })) ?? [],
    ]
    const count = contenders.length
    contenders.push(...without, ...zeros)
    const times = (await timeInTurns(contenders, seconds, context)).map((t) => t.medianMs)
    return {
      rows: facts.map((fact, i) => ({
        ...{ layer, share: shares[i]!, denseMs: times[0]!, sparseMs: times[i + 1]! },
        ...fact,
      })),
      peers: without.flatMap(({ name }, i) => {
        const other = zeros.findIndex((z) => z.name === name)
        if (other < 0) return []
        return [{ name, layer, denseMs: times[count + i]!, zerosMs: times[count + without.length + other]! }]
      }),
    }
  } finally {
    for (const c of contenders) await c.release()
  }
}

const gain = ({ denseMs, sparseMs }: Row): number => denseMs / sparseMs

const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length)

/** The share from which on zeros pay, between the shares that were measured; undefined where it lies outside of them. */
function breakEven(rows: readonly Row[]): number | undefined {
  const at = rows.findIndex((row, i) => i > 0 && gain(row) >= 1 && gain(rows[i - 1]!) < 1)
  if (at < 0) return undefined
  const [before, after] = [rows[at - 1]!, rows[at]!]
  // What is saved grows with the share.
  const [low, high] = [1 / gain(before), 1 / gain(after)]
  return before.share + ((low - 1) / (low - high)) * (after.share - before.share)
}

export async function measure(settings: Settings, context: LabContext): Promise<Findings> {
  const measured: { rows: Row[]; peers: Peer[] }[] = []
  for (const one of settings.layers) measured.push(await measureLayer(one, settings, context))
  return findings(
    measured.map(({ rows }) => rows),
    measured.flatMap(({ peers }) => peers),
    settings,
  )
}

function findings(layers: readonly (readonly Row[])[], peers: readonly Peer[], { shares }: Settings): Findings {
  const rows = layers.flat()
  const most = shares.at(-1)!
  const percent = (share: number) => Math.round(100 * share)
  const near90 = shares.reduce((best, s) => (Math.abs(s - 0.9) < Math.abs(best - 0.9) ? s : best))
  const wide = rows.filter((r) => r.layer.kernel === 1 && r.layer.inChannels >= 256 && r.share === near90)
  const names = [...new Set(peers.map((p) => p.name))]
  const dense = names.map((name): Check => {
    const own = peers.filter((p) => p.name === name)
    return control(
      atLeast(
        `${name}: ${percent(most)} % zeros, times as fast`,
        1.5,
        geometricMean(own.map((p) => p.denseMs / p.zerosMs)),
      ),
    )
  })
  return {
    data: `${layers.length} layers, shares of zeros from ${percent(shares[0]!)} to ${percent(most)} %; random numbers`,
    tables: [
      {
        title: 'Times as fast as the dense kernel',
        columns: [
          { key: 'layer', header: 'Layer' },
          { key: 'dense', header: 'Dense ms', kind: 'ratio' },
          ...shares.map((s) => ({ key: `zeros${percent(s)}`, header: `${percent(s)} %`, kind: 'ratio' as const })),
          { key: 'breakEven', header: 'Break-even %', kind: 'ratio' },
        ],
        rows: layers.map((own) => {
          const even = breakEven(own)
          return [nameOf(own[0]!.layer), own[0]!.denseMs, ...own.map(gain), even === undefined ? null : 100 * even]
        }),
        notes: [
          'Break-even lies between the shares that were measured; none: it pays from the least of them on, or not at all.',
        ],
      },
      {
        title: 'What Kerf takes when it is not told',
        columns: [
          { key: 'layer', header: 'Layer' },
          ...shares.map((s) => ({ key: `zeros${percent(s)}`, header: `${percent(s)} %` })),
        ],
        rows: layers.map((own) => [nameOf(own[0]!.layer), ...own.map((r) => (r.isTaken ? 'sparse' : 'dense'))]),
      },
      ...(peers.length === 0
        ? []
        : [
            {
              title: `Other runtimes, without zeros and with ${percent(most)} %`,
              columns: [
                { key: 'name', header: 'Runtime' },
                { key: 'layer', header: 'Layer' },
                { key: 'dense', header: 'Without ms', kind: 'ratio' as const },
                { key: 'zeros', header: 'With ms', kind: 'ratio' as const },
                { key: 'gain', header: 'Times as fast', kind: 'ratio' as const },
              ],
              rows: peers.map((p) => [p.name, nameOf(p.layer), p.denseMs, p.zerosMs, p.denseMs / p.zerosMs]),
            },
          ]),
    ],
    charts: [
      {
        title: 'Times as fast as the dense kernel',
        xLabel: '% zeros',
        series: layers.map((own) => ({
          name: nameOf(own[0]!.layer),
          points: own.map((r): [number, number] => [100 * r.share, gain(r)]),
        })),
      },
    ],
    checks: [
      equal('layers whose results are not the same bits', 0, rows.filter((r) => !r.isSame).length),
      ...(wide.length === 0
        ? []
        : [
            atLeast(
              `1×1 from 256 channels, ${percent(near90)} % zeros: times as fast`,
              2,
              geometricMean(wide.map(gain)),
            ),
          ]),
      atMost(
        'what Kerf takes when it is not told, by the faster of the two: times as long, mean',
        1.15,
        geometricMean(rows.map((r) => (r.isTaken ? r.sparseMs : r.denseMs) / Math.min(r.sparseMs, r.denseMs))),
      ),
      control(
        atLeast(
          `${percent(shares[0]!)} % zeros: times as fast`,
          2,
          geometricMean(rows.filter((r) => r.share === shares[0]).map(gain)),
        ),
      ),
      ...dense,
    ],
  }
}
