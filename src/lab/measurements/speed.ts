import { seededRandom, seedFrom } from '../../base/index.ts'
import type { Model } from '../../graph/index.ts'
import { human } from '../../report/index.ts'
import { hostTensor, type SessionOptions, timeInTurns } from '../../runtime/index.ts'
import { atLeast, control } from '../checks.ts'
import type { Check, Contender, Findings, LabContext } from '../experiment.ts'
import { openMeasured } from '../running.ts'
import { type Body, body, coded, integer, termsOf } from './speed-networks.ts'

export interface Settings extends Body {
  readonly seconds: number
}

const bitWidths = [8, 7, 6, 5] as const
const direct = 'ordinary, float32'
const winograd = 'ordinary, float32, Winograd'
const bytes = 'ordinary, int8'
const webAssembly = 'WebAssembly'

/** Layers of one kind in one runtime, to be timed. */
interface Entrant extends Contender {
  readonly layers: string
  /** Which of the limits is its own. */
  readonly world: string
}

export async function measure(settings: Settings, context: LabContext): Promise<Findings> {
  const { channels, size, seconds } = settings
  const seed = seedFrom(context.seed, 'layers')
  const random = seededRandom(seedFrom(context.seed, 'x'))
  const pixels = Float32Array.from({ length: channels * size * size }, () => random.normal())
  const x = hostTensor('float32', [1, channels, size, size], pixels)
  const ordinary = body('Conv', settings, seed)
  const adder = body('AdderConv', settings, seed)
  const integers = integer(settings, seed)
  const kinds: readonly (readonly [layers: string, model: Model, options?: Pick<SessionOptions, 'winograd'>])[] = [
    [direct, ordinary, { winograd: false }],
    [winograd, ordinary],
    [bytes, integers],
    ['adder, float32', adder],
    ...bitWidths.map((bits) => [`adder, ${bits} bits`, coded(adder, bits)] as const),
  ]
  const entrants: Entrant[] = []
  try {
    const machineCode = await instructionsOf(ordinary, context)
    const worlds = machineCode === undefined ? [webAssembly] : [webAssembly, machineCode]
    for (const world of worlds)
      for (const [layers, model, options] of kinds) {
        const session = await openMeasured(
          model,
          context,
          world === webAssembly ? { ...options, native: false } : options,
        )
        entrants.push({
          ...{ layers, world, name: `Kerf, ${world}`, version: '' },
          step: async () => void (await session.run({ x })),
          release: async () => session.dispose(),
        })
      }
    for (const [layers, model] of [
      [direct, ordinary],
      [bytes, integers],
    ] as const)
      for (const peer of (await context.peers?.(model, { x })) ?? [])
        entrants.push({
          ...peer,
          layers,
          world: peer.name === 'ort-node' ? (machineCode ?? 'machine code') : webAssembly,
        })
    const limits = new Map<string, number>()
    const measureLimits = async () => {
      for (const world of worlds) {
        const limit = await context.measureLimit?.(context.threads ?? 1, world === webAssembly ? { native: false } : {})
        if (limit !== undefined) limits.set(world, Math.max(limit / 1e9, limits.get(world) ?? 0))
      }
    }
    // Before and behind, as the machine may be busy: nothing is faster than the limit.
    await measureLimits()
    const times = await timeInTurns(entrants, seconds, context)
    await measureLimits()
    const terms = termsOf(settings)
    const rows = entrants.map((entrant, i): Row => {
      const { medianMs, fastestMs, runs } = times[i]!
      return { ...entrant, medianMs, fastestMs, runs, rate: terms / medianMs / 1e6 }
    })
    return findings(rows, limits, machineCode, settings)
  } finally {
    for (const entrant of entrants) await entrant.release()
  }
}

/** What kernels in machine code use here; undefined where there are none. */
async function instructionsOf(model: Model, context: LabContext): Promise<string | undefined> {
  const session = await openMeasured(model, context)
  try {
    return session.instructions
  } finally {
    await session.dispose()
  }
}

interface Row extends Entrant {
  readonly medianMs: number
  readonly fastestMs: number
  readonly runs: number
  /** Billions of terms per second. */
  readonly rate: number
}

function findings(
  rows: readonly Row[],
  limits: ReadonlyMap<string, number>,
  machineCode: string | undefined,
  settings: Settings,
): Findings {
  const { layers, channels, size } = settings
  const kinds = [...new Set(rows.map((r) => r.layers))]
  const own = (row: Row, kind: string) => rows.find((r) => r.world === row.world && r.layers === kind)?.rate
  const versions = new Map(rows.flatMap((r) => (r.version === '' ? [] : [[r.name, r.version]])))
  return {
    data: `${layers} layers of 3×3, ${channels}→${channels}, ${size}×${size}: ${human(termsOf(settings))} terms; random numbers`,
    tables: [
      {
        title: 'Terms per second',
        columns: [
          { key: 'layers', header: 'Layers' },
          { key: 'runtime', header: 'Runtime' },
          { key: 'median', header: 'Median ms', kind: 'ratio' },
          { key: 'fastest', header: 'Fastest ms', kind: 'ratio', optional: true },
          { key: 'rate', header: 'GMAC/s', kind: 'ratio' },
          { key: 'limit', header: '÷ limit', kind: 'ratio' },
          { key: 'ordinary', header: '÷ ordinary', kind: 'ratio' },
        ],
        rows: rows.map((row) => [
          row.layers,
          row.name,
          row.medianMs,
          row.fastestMs,
          row.rate,
          ratio(row.rate, limits.get(row.world)),
          ratio(row.rate, own(row, direct)),
        ]),
        notes: [
          ...[...limits].map(
            ([world, limit]) => `Limit of ${world}: ${limit.toFixed(1)} GMAC/s, multiply–adds of float32 in registers.`,
          ),
          '÷ ordinary: by Kerf’s own ordinary layers in float32, every product made, in the same world.',
          ...[...versions].map(([name, version]) => `${name}: ${version}.`),
          `Medians of ${rows.map((r) => r.runs).join(', ')} runs, in turns.`,
        ],
      },
    ],
    charts: [
      {
        kind: 'bars',
        title: 'GMAC/s (terms)',
        categories: kinds,
        series: [...new Set(rows.map((r) => r.name))].map((name) => {
          const rates = ratesOf(rows, name)
          return { name, values: kinds.map((kind) => rates.get(kind) ?? Number.NaN) }
        }),
      },
    ],
    notes: [],
    checks: [...inWebAssembly(rows, limits.get(webAssembly)), ...inMachineCode(rows, machineCode)],
  }
}

const ratio = (a: number, b: number | undefined): number | null => (b === undefined ? null : a / b)

/** Rates by kind of layers, of those of Kerf in one world and of a peer's. */
function ratesOf(rows: readonly Row[], name: string): ReadonlyMap<string, number> {
  return new Map(rows.filter((r) => r.name === name).map((r) => [r.layers, r.rate]))
}

/** Where both were measured. */
function check(what: string, bound: number, a: number | undefined, b: number | undefined): Check[] {
  return a === undefined || b === undefined ? [] : [atLeast(what, bound, a / b)]
}

function inWebAssembly(rows: readonly Row[], limit: number | undefined): Check[] {
  const own = ratesOf(rows, `Kerf, ${webAssembly}`)
  const peer = ratesOf(rows, 'ort-web')
  const [eight, six] = [own.get('adder, 8 bits'), own.get('adder, 6 bits')]
  const float = own.get('adder, float32')
  return [
    ...check('Adder by ordinary convolution, float32', 0.9, float, own.get(direct)),
    ...check('6 bits by ordinary convolution with Winograd’s products', 1.2, six, own.get(winograd)),
    ...check('8 bits by float32, adder', 1.5, eight, float),
    ...check('6 bits by 8 bits, adder', 0.9, six, eight),
    ...check('8 bits by onnxruntime-web’s ordinary convolution', 3, eight, peer.get(direct)),
    ...check('6 bits by onnxruntime-web’s ordinary convolution', 5, six, peer.get(direct)),
    ...check('8 bits by onnxruntime-web’s ordinary convolution in int8', 1.2, eight, peer.get(bytes)),
    ...check('6 bits by the limit of multiply–adds', 1, six, limit),
    ...check('ordinary convolution in float32 by that limit', 1, own.get(direct), limit).map(control),
  ]
}

function inMachineCode(rows: readonly Row[], world: string | undefined): Check[] {
  if (world === undefined) return []
  const own = ratesOf(rows, `Kerf, ${world}`)
  const peer = ratesOf(rows, 'ort-node')
  const eight = own.get('adder, 8 bits')
  return [
    ...check(`8 bits by ordinary convolution with Winograd’s products, ${world}`, 1.1, eight, own.get(winograd)),
    ...check('8 bits by onnxruntime-node’s ordinary convolution', 1.5, eight, peer.get(direct)),
    ...check('8 bits by onnxruntime-node’s ordinary convolution in int8', 1.2, eight, peer.get(bytes)),
  ]
}
