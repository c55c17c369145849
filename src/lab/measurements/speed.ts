import { seededRandom, seedFrom } from '../../base/index.ts'
import { analyse, GraphBuilder, type Model, type Node, tensorOf } from '../../graph/index.ts'
import { runnableOperators } from '../../ops/index.ts'
import { type InputRange, quantizeAdderLayers } from '../../quantize/index.ts'
import { human } from '../../report/index.ts'
import { type HostTensor, hostTensor, timeInTurns } from '../../runtime/index.ts'
import { atLeast, control } from '../checks.ts'
import type { Check, Contender, Findings, LabContext } from '../experiment.ts'
import { openMeasured } from '../running.ts'

export interface Settings {
  readonly channels: number
  /** Height and width. */
  readonly size: number
  /** Convolutions behind each other. */
  readonly layers: number
  readonly seconds: number
}

type Kind = 'Conv' | 'AdderConv'
const kernel = 3
const bitWidths = [8, 7, 6, 5] as const
const direct = 'ordinary, float32'
const winograd = 'ordinary, float32, Winograd'

/** Convolution, BatchNormalization, Relu, several times: what a network's body is made of. Values stay near 1. */
function body(kind: Kind, { channels, size, layers }: Settings, seed: number): Model {
  const random = seededRandom(seed)
  const b = new GraphBuilder(kind)
  const taps = kernel * kernel * channels
  const adder = kind === 'AdderConv'
  let x = b.input('x', 'float32', [1, channels, size, size])
  const vector = (name: string, value: number) =>
    b.constant(name, tensorOf('float32', [channels], new Float32Array(channels).fill(value)))
  for (let l = 0; l < layers; l++) {
    const deviation = adder ? 1 : Math.sqrt(2 / taps)
    const weights = Float32Array.from({ length: channels * taps }, () => deviation * random.normal())
    const w = b.constant(`w${l}`, tensorOf('float32', [channels, channels, kernel, kernel], weights))
    const y = b.node(kind, [x, w], { pads: [1, 1, 1, 1] }, { name: `conv${l}`, domain: adder ? 'ai.kerf' : '' })
    const mean = adder ? -taps : 0
    const variance = adder ? 0.6 * taps : 1
    const statistics = [vector(`g${l}`, 1), vector(`b${l}`, 0), vector(`m${l}`, mean), vector(`v${l}`, variance)]
    x = b.node('Relu', [b.node('BatchNormalization', [y, ...statistics])], {}, { outputs: [`y${l}`] })
  }
  b.output(x, { kind: 'tensor', elementType: 'float32', shape: [1, channels, size, size] })
  return b.model()
}

/** The same in codes; ranges as activations behind Relu have them. */
function coded(model: Model, bits: number): Model {
  const ranges = model.graph.nodes
    .filter((n) => n.opType === 'AdderConv')
    .map((node, i): [Node, InputRange] => [node, { lo: i === 0 ? -4 : 0, hi: 4 }])
  return quantizeAdderLayers(analyse(model, runnableOperators), new Map(ranges), bits).model
}

/** What other runtimes have in bytes: QLinearConv, with BatchNormalization folded into scales and ReLU into a zero point of 0. */
function integer({ channels, size, layers }: Settings, seed: number): Model {
  const random = seededRandom(seed)
  const b = new GraphBuilder('QLinearConv')
  const taps = kernel * kernel * channels
  const scale = (name: string, value: number) => b.constant(name, tensorOf('float32', [], [value]))
  const zero = (name: string, value: number) => b.constant(name, tensorOf('uint8', [], [value]))
  const shape = [1, channels, size, size]
  // Inputs within ±4, weights within four deviations, activations up to 4.
  const weightScale = (4 * Math.sqrt(2 / taps)) / 127
  let settings = [scale('x_scale', 8 / 255), zero('x_zero', 128)]
  let x = b.node('QuantizeLinear', [b.input('x', 'float32', shape), ...settings])
  for (let l = 0; l < layers; l++) {
    const codes = Uint8Array.from({ length: channels * taps }, () =>
      Math.min(255, Math.max(0, Math.round(128 + (127 / 4) * random.normal()))),
    )
    const w = b.constant(`w${l}`, tensorOf('uint8', [channels, channels, kernel, kernel], codes))
    const next = [scale(`y${l}_scale`, 4 / 255), zero(`y${l}_zero`, 0)]
    const inputs = [x, ...settings, w, scale(`w${l}_scale`, weightScale), zero(`w${l}_zero`, 128), ...next]
    x = b.node('QLinearConv', inputs, { pads: [1, 1, 1, 1] }, { name: `conv${l}` })
    settings = next
  }
  b.output(b.node('DequantizeLinear', [x, ...settings]), { kind: 'tensor', elementType: 'float32', shape })
  return b.model()
}

export async function measure(settings: Settings, context: LabContext): Promise<Findings> {
  const { channels, size, layers, seconds } = settings
  const terms = size * size * kernel * kernel * channels * channels * layers
  const seed = seedFrom(context.seed, 'layers')
  const random = seededRandom(seedFrom(context.seed, 'x'))
  const pixels = Float32Array.from({ length: channels * size * size }, () => random.normal())
  const x = hostTensor('float32', [1, channels, size, size], pixels)
  const ordinary = body('Conv', settings, seed)
  const adder = body('AdderConv', settings, seed)
  const own: Own[] = [
    { name: direct, model: ordinary, winograd: false },
    { name: winograd, model: ordinary },
    { name: 'adder, float32', model: adder },
    ...bitWidths.map((bits) => ({ name: `adder, ${bits} bits`, model: coded(adder, bits) })),
  ]
  const limit = await context.measureLimit?.(context.threads ?? 1)
  const contenders: Contender[] = []
  try {
    for (const contender of own) contenders.push(await opened(contender, x, context))
    contenders.push(...((await context.peers?.(ordinary, { x })) ?? []))
    for (const peer of (await context.peers?.(integer(settings, seed), { x })) ?? [])
      contenders.push({ ...peer, name: `${peer.name}, int8` })
    const times = await timeInTurns(contenders, seconds, context)
    const rows = contenders.map(({ name, version }, i) => {
      const { medianMs, fastestMs, runs } = times[i]!
      return { name, version, medianMs, fastestMs, runs, rate: terms / medianMs / 1e6 }
    })
    return findings(rows, limit, terms, settings)
  } finally {
    for (const c of contenders) await c.release()
  }
}

interface Own {
  readonly name: string
  readonly model: Model
  /** Default true. */
  readonly winograd?: boolean
}

async function opened({ name, model, winograd }: Own, x: HostTensor, context: LabContext): Promise<Contender> {
  const session = await openMeasured(model, context, { winograd })
  return {
    name,
    version: 'kerf',
    step: async () => void (await session.run({ x })),
    release: async () => session.dispose(),
  }
}

interface Row {
  readonly name: string
  readonly version: string
  readonly medianMs: number
  readonly fastestMs: number
  readonly runs: number
  /** Billions of terms per second. */
  readonly rate: number
}

function findings(rows: readonly Row[], limit: number | undefined, terms: number, settings: Settings): Findings {
  const rateOf = (name: string) => rows.find((r) => r.name === name)?.rate
  const own = (name: string) => rateOf(name)!
  const against = (what: string, name: string, rival: string, bound: number): Check[] => {
    const other = rateOf(rival)
    return other === undefined ? [] : [atLeast(what, bound, own(name) / other)]
  }
  const nodeRate = rateOf('ort-node')
  const native = nodeRate === undefined ? undefined : own('adder, 6 bits') / nodeRate
  const { layers, channels, size } = settings
  return {
    data: `${layers} layers of 3×3, ${channels}→${channels}, ${size}×${size}: ${human(terms)} terms; random numbers`,
    tables: [
      {
        title: 'Terms per second',
        columns: [
          { key: 'name', header: 'Layers' },
          { key: 'version', header: 'Runtime' },
          { key: 'median', header: 'Median ms', kind: 'ratio' },
          { key: 'fastest', header: 'Fastest ms', kind: 'ratio', optional: true },
          { key: 'rate', header: 'GMAC/s', kind: 'ratio' },
          { key: 'limit', header: '÷ limit', kind: 'ratio' },
          { key: 'ordinary', header: '÷ our ordinary', kind: 'ratio' },
        ],
        rows: rows.map((r) => [
          r.name,
          r.version,
          r.medianMs,
          r.fastestMs,
          r.rate,
          limit === undefined ? null : r.rate / (limit / 1e9),
          r.rate / own(direct),
        ]),
        notes: [
          ...(limit === undefined
            ? []
            : [`Limit: ${(limit / 1e9).toFixed(1)} GMAC/s, multiply–adds in registers, WebAssembly.`]),
          `Medians of ${rows.map((r) => r.runs).join(', ')} runs, in turns.`,
        ],
      },
    ],
    charts: [
      {
        kind: 'bars',
        title: 'GMAC/s (terms)',
        categories: rows.map((r) => r.name),
        series: [{ name: 'GMAC/s', values: rows.map((r) => r.rate) }],
      },
    ],
    notes:
      native === undefined
        ? []
        : [
            `onnxruntime-node is native code, with wider vectors than WebAssembly has; 6 bits run at ${native.toFixed(2)} times its rate.`,
          ],
    checks: [
      atLeast('Adder by ordinary convolution, float32', 0.9, own('adder, float32') / own(direct)),
      atLeast('6 bits by ordinary convolution with Winograd’s products', 1.2, own('adder, 6 bits') / own(winograd)),
      atLeast('8 bits by float32, adder', 1.5, own('adder, 8 bits') / own('adder, float32')),
      atLeast('6 bits by 8 bits, adder', 1.1, own('adder, 6 bits') / own('adder, 8 bits')),
      ...against('8 bits by onnxruntime-web’s ordinary convolution', 'adder, 8 bits', 'ort-web', 3),
      ...against('6 bits by onnxruntime-web’s ordinary convolution', 'adder, 6 bits', 'ort-web', 5),
      ...against('8 bits by onnxruntime-web’s ordinary convolution in int8', 'adder, 8 bits', 'ort-web, int8', 1.2),
      ...(limit === undefined
        ? []
        : [
            atLeast('6 bits by the limit of multiply–adds', 1, (own('adder, 6 bits') * 1e9) / limit),
            control(atLeast('ordinary convolution in float32 by that limit', 1, (own(direct) * 1e9) / limit)),
          ]),
    ],
  }
}
