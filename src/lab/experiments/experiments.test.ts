// Every experiment with its quick settings: the claim holds, controls are there and fail, the same seed gives the same numbers.

import { describe, expect, it } from 'vitest'
import { nodeRuntime } from '../../runtime/index.node.ts'
import { formulaRuntime } from '../../testing/formula-runtime.ts'
import { hasShared, sharedPath } from '../../testing/shared.ts'
import { tinyNet } from '../../testing/tiny-images.ts'
import {
  digitsFrom,
  type Experiment,
  experiments,
  type Outcome,
  outcomeJson,
  runExperiment,
  verdictText,
} from '../index.node.ts'

/** What did not come out as it should. */
const surprises = ({ checks }: Outcome) => checks.filter((c) => c.holds === (c.control ?? false))

// On MNIST beside this checkout; without it on generated pictures, which every clone has.
const data = hasShared ? 'MNIST' : 'generated pictures'
const digits = digitsFrom(hasShared ? sharedPath('data', 'mnist') : undefined, 1)

/** Smaller still than the quick settings: what is random or not shows in these as well. */
const training = { trainImages: 48, testImages: 50, epochs: 1, batchSize: 24 }
const small: Readonly<Record<string, object>> = {
  similarity: { templatesPerClass: 1, images: 20 },
  operations: {},
  gradients: { channels: 2, size: 5, probes: 4, ...training },
  initialisation: { layers: 3, channels: 4, lastSize: 2, draws: 2 },
  variance: { samples: 20, taps: [9, 144], batchSize: 2 },
  'gradient-norm': { batchSize: 8, draws: 2, batches: [8], every: false, drawsEach: 1 },
  'adaptive-rate': {
    ...{ firstBatch: 2, validationImages: 40, commonRates: [], multiples: [100], refinements: 1, rounds: 1 },
    ...training,
  },
  // Fewer, and activations may be 0 everywhere.
  quantisation: { ...training, trainImages: 480, calibrationImages: 50, bits: [8, 6, 5, 3] },
  'few-bits': { ...training, trainImages: 480, calibrationImages: 50 },
  'linear-pruning': { inputs: 32, outputs: 16, seconds: 0.01 },
  'pruning-kinds': { ...training, seconds: 0.01, timedImages: 1 },
  recovery: { ...training, images: 16 },
  'filter-pruning': { ...training, criteria: ['random', 'l2'], images: 16 },
  'inverted-bottleneck': { ...training, channels: 8, size: 8, expansions: [1, 2] },
  partial: { channels: 16, size: 8 },
  fasternet: { networks: ['fasternet_t0', 'mobilenet_v2'], size: 32 },
  'design-space': { ...training, width: 4, widest: 16 },
  separable: { ...training, channels: 8, size: 8, width: 4, ranks: [1, 2] },
}
/** Without the columns that a clock fills. */
const untimedTables = (outcome: Outcome): Outcome => ({
  ...outcome,
  tables: outcome.tables.map((table) => {
    const isKept = (i: number) => !/\bms$|GMAC\/s$/.test(table.columns[i]!.header)
    return {
      ...table,
      columns: table.columns.filter((_, i) => isKept(i)),
      rows: table.rows.map((row) => row.filter((_, i) => isKept(i))),
    }
  }),
})
const untimed = experiments.filter((e) => !['speed', 'sparsity-speed', 'three-metrics', 'allocation'].includes(e.name))
/** Experiments that measure times besides: whether what they say of these holds is for a quiet machine to say. */
const timedBesides = ['separable', 'inverted-bottleneck', 'partial', 'fasternet', 'design-space']
const quickOf = ({ name, settings }: Experiment): object =>
  [...timedBesides, 'few-bits'].includes(name) ? { ...settings.quick, seconds: 0 } : settings.quick
async function outcomeOf(experiment: Experiment, settings: object, seed: number) {
  let isAsked = false
  const asked = () => {
    isAsked = true
    return digits()
  }
  const outcome = await runExperiment(
    { ...experiment, settings: { quick: settings, full: {} } },
    { seed, digits: asked },
  )
  expect(isAsked, 'takesImages').toBe(experiment.takesImages ?? false)
  return outcome
}

describe.each(untimed.map((e) => [e.name, e] as const))('%s', (name, experiment) => {
  it(`holds, and its controls fail (${data})`, async () => {
    const outcome = await outcomeOf(experiment, quickOf(experiment), 1)
    expect(surprises(outcome)).toEqual([])
    expect(verdictText(outcome)).toBe('The claim holds.')
    expect(outcome.checks.some((c) => c.control)).toBe(true)
    expect(outcome.tables.length).toBeGreaterThan(0)
    for (const check of outcome.checks) expect(check.measured).not.toBeNaN()
  }, 300_000)

  it('gives the same numbers for the same seed, others for another', async () => {
    const settings = { ...quickOf(experiment), ...small[name] }
    expect(Object.keys(settings)).toEqual(Object.keys(experiment.settings.quick))
    const numbers = async (seed: number) => {
      const outcome = await outcomeOf(experiment, settings, seed)
      return { ...(outcomeJson(untimedTables(outcome)) as object), timeMs: 0, seed: 0 }
    }
    const first = await numbers(1)
    expect(await numbers(1)).toEqual(first)
    // Counting draws nothing.
    if (!['operations', 'linear-pruning', 'partial', 'fasternet'].includes(name))
      expect(await numbers(2)).not.toEqual(first)
  })
})

// Times depend on what else the machine does: whether the claim holds is for a quiet one to say.
it('speed measures every kind of layer and every peer', async () => {
  const released: string[] = []
  const peer = {
    name: 'ort-web',
    version: '0',
    step: async () => {},
    release: async () => void released.push('ort-web'),
  }
  const { run } = experiments.find((e) => e.name === 'speed')!
  const { tables, checks } = await run(
    { channels: 8, size: 6, layers: 2, seconds: 0.01 },
    {
      seed: 1,
      digits,
      measureLimit: async () => 1e9,
      peers: async () => [peer],
    },
  )
  expect(tables[0]?.rows.map(([name]) => name)).toEqual([
    'ordinary, float32',
    'ordinary, float32, Winograd',
    'ordinary, int8',
    'adder, float32',
    ...[8, 7, 6, 5].map((bits) => `adder, ${bits} bits`),
    'ordinary, float32',
    'ordinary, int8',
  ])
  expect(tables[0]?.rows.slice(-2).map(([, runtime]) => runtime)).toEqual(['ort-web', 'ort-web'])
  for (const row of tables[0]?.rows.slice(0, -2) ?? []) expect(row[4]).toBeGreaterThan(0)
  expect(checks.filter((c) => c.what.includes('onnxruntime-web'))).toHaveLength(3)
  expect(released).toEqual(['ort-web', 'ort-web'])
})

it('speed measures both worlds where there is machine code, each by its own limit', async ({ skip }) => {
  const session = await nodeRuntime.createSession(tinyNet({ channels: 8 }))
  const { instructions } = session
  await session.dispose()
  if (instructions === undefined) return skip('no kernels in machine code for this processor')
  const { run } = experiments.find((e) => e.name === 'speed')!
  const { tables, checks } = await run(
    { channels: 8, size: 6, layers: 2, seconds: 0.01 },
    {
      ...{ seed: 1, digits, runtime: nodeRuntime },
      measureLimit: async (_threads, { native } = {}) => (native === false ? 1e9 : 4e9),
      peers: async () => [peerOf([])],
    },
  )
  const rows = tables[0]!.rows
  const runtimes = ['Kerf, WebAssembly', `Kerf, ${instructions}`, 'ort-node']
  expect(rows.map(([, runtime]) => runtime)).toEqual(runtimes.flatMap((r, i) => Array(i < 2 ? 8 : 2).fill(r)))
  for (const [, runtime, , , rate, ofLimit] of rows)
    expect(ofLimit).toBeCloseTo(Number(rate) / (runtime === runtimes[0] ? 1 : 4), 10)
  expect(checks.filter((c) => c.what.includes('onnxruntime-node'))).toHaveLength(2)
})

it('allocation keeps the most of the scores by time, and measures every way', async () => {
  const { run, settings } = experiments.find((e) => e.name === 'allocation')!
  const less = { trainImages: 480, testImages: 100, images: 48, ratios: [0.5], seconds: 0.002 }
  const context = { seed: 1, digits, timing: formulaRuntime() }
  const { tables, charts, checks } = await run({ ...settings.quick, ...less }, context)
  expect(tables[0]!.rows.map(([way]) => way)).toEqual(['uniform', 'sensitivity', 'macs', 'time'])
  const whole = tables[0]!.columns.findIndex((c) => c.key === 'measured')
  for (const row of tables[0]!.rows) expect(row[whole]).toBeGreaterThan(0)
  for (const check of checks) expect([check.what, check.holds]).toEqual([check.what, !check.control])
  expect(checks.some((c) => c.control)).toBe(true)
  expect(charts).toHaveLength(1)
  // A network that is not for digits is judged by itself, on pictures of its size.
  const model = tinyNet({ channels: 8 })
  const other = await run(
    { ...settings.quick, ...less, parts: [0.95], images: 16, testImages: 12 },
    { ...context, model },
  )
  expect(other.tables[0]!.title).toContain('agreement')
  expect(other.data).toContain('generated pictures without labels')
}, 300_000)

it('sparsity-speed measures every share, finds the same bits, and asks every peer twice', async () => {
  const asked: string[] = []
  const peer = { name: 'ort-web', version: '0', step: async () => {}, release: async () => void asked.push('released') }
  const { run } = experiments.find((e) => e.name === 'sparsity-speed')!
  const small = { inChannels: 16, outChannels: 8, size: 4 }
  const layers = [
    { ...small, kernel: 1 },
    { ...small, kernel: 3 },
  ]
  const { tables, charts, checks } = await run(
    { layers, shares: [0.1, 0.5, 0.9], seconds: 0.01 },
    { seed: 1, digits, peers: async () => [peer] },
  )
  const names = ['1×1, 16 → 8, 4²', '3×3, 16 → 8, 4²']
  expect(tables.map((t) => t.rows.map((row) => row[0]))).toEqual([names, names, ['ort-web', 'ort-web']])
  for (const row of tables[0]!.rows) for (const times of row.slice(1, 5)) expect(times).toBeGreaterThan(0)
  for (const row of tables[1]!.rows) for (const taken of row.slice(1)) expect(['dense', 'sparse']).toContain(taken)
  expect(charts[0]).toMatchObject({ series: [{ points: expect.any(Array) }, {}] })
  expect(checks.find((c) => c.what.includes('not the same bits'))).toMatchObject({ measured: 0, holds: true })
  expect(checks.filter((c) => c.control)).toHaveLength(2)
  expect(asked).toHaveLength(4)
})

const peerOf = (released: string[]) => ({
  ...{ name: 'ort-node', version: '0', step: async () => {} },
  release: async () => void released.push('ort-node'),
})

it('three-metrics times every kind of every shape in every runtime, and finds every formula in the graphs', async () => {
  const released: string[] = []
  const { run } = experiments.find((e) => e.name === 'three-metrics')!
  const shapes = [
    [16, 6],
    [32, 4],
  ]
  const context = { seed: 1, digits, measureLimit: async () => 1e9, peers: async () => [peerOf(released)] }
  const { tables, charts, checks } = await run({ shapes, seconds: 0.01 }, context)
  const [symbols, numbers, reached, predicted] = tables
  expect(symbols?.rows[0]?.slice(1).map((cell) => (cell as { text: string }).text)).toEqual([
    ...['HWk²C²', 'k²C²', '2HWC + k²C²', '1'],
  ])
  expect(numbers?.rows.find(([kind]) => kind === 'depthwise')).toEqual(['depthwise', 2_709_504, 864, 602_976, 4.49])
  expect(reached?.rows).toHaveLength(8)
  for (const row of reached?.rows ?? []) for (const rate of row.slice(1)) expect(rate).toBeGreaterThan(0)
  expect(predicted?.rows.map(([runtime, metric]) => [runtime, metric])).toEqual(
    ['Kerf', 'ort-node'].flatMap((name) =>
      ['MACs', 'parameters', 'accesses', 'MACs, accesses'].map((metric) => [name, metric]),
    ),
  )
  expect(charts[0]).toMatchObject({ series: { length: 10 } })
  expect(checks[0]).toMatchObject({ what: expect.stringContaining('of 24'), measured: 0, holds: true })
  expect(checks.filter((c) => c.control)).toHaveLength(2)
  expect(released).toHaveLength(16)
})

it.each(timedBesides.filter((name) => name !== 'design-space'))(
  '%s times its designs where it has the time, in every runtime',
  async (name) => {
    const released: string[] = []
    const { settings, run } = experiments.find((e) => e.name === name)!
    const context = { seed: 1, digits, peers: async () => [peerOf(released)] }
    const { tables, checks } = await run({ ...settings.quick, ...small[name], seconds: 0.01 }, context)
    const timed = tables.filter((t) => t.columns.some((c) => c.header === 'Kerf GMAC/s'))
    expect(timed.length).toBeGreaterThan(0)
    expect(checks.filter((c) => c.what.startsWith('ort-node: ')).length).toBeGreaterThan(0)
    const rates = timed.flatMap(({ columns, rows }) =>
      rows.map((row) => row[columns.findIndex((c) => c.header === 'Kerf GMAC/s')]),
    )
    expect(released).toHaveLength(rates.filter((rate) => Number(rate) > 0).length)
  },
)

it('design-space finds widths by the clock', async () => {
  const { settings, run } = experiments.find((e) => e.name === 'design-space')!
  const { tables } = await run({ ...settings.quick, ...small['design-space'], seconds: 0.01 }, { seed: 1, digits })
  const { columns, rows } = tables[0]!
  const at = (header: string) => columns.findIndex((c) => c.header === header)
  expect(rows.map((row) => row[0])).toEqual(['ResNet', 'MobileNetV2', 'FasterNet', 'adder ResNet'])
  for (const row of rows) {
    expect(row[at('ms')]).toBeGreaterThan(0)
    expect(Number(row[at('Width')]) % 4).toBe(0)
  }
})
