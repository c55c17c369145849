import { type Choices, differentiate } from '../../autodiff/index.ts'
import { seededRandom, seedFrom } from '../../base/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../../graph/index.ts'
import { hostTensor, hostValues, referenceRun } from '../../runtime/index.ts'
import { atLeast, atMost, control } from '../checks.ts'
import type { Digits, Findings, LabContext } from '../experiment.ts'
import { freshLenet } from '../first-iteration.ts'
import { progress } from '../progress.ts'
import { type TrainingPlan, type TrainingResult, trainBriefly } from '../training.ts'

export interface Settings extends Omit<TrainingPlan, 'learningRate' | 'adaptiveRate' | 'choices'> {
  /** Channels in and out, height and width of the layer that is differentiated. */
  readonly channels: number
  readonly size: number
  /** Elements of each input whose derivative is measured. */
  readonly probes: number
}

const kernel = 3
const step = 1e-5
/** Pairs nearer than this would change sides within a step. */
const leastGap = 10 * step

interface Layer {
  readonly model: Model
  readonly x: Float64Array
  readonly w: Float64Array
  /** Of the loss Σ r·y. */
  readonly r: Float64Array
  readonly xShape: readonly number[]
  readonly wShape: readonly number[]
}

/** An adder layer and the loss Σ r·y with random r, so that every output counts differently. */
function layer({ channels, size }: Settings, seed: number): Layer {
  const random = seededRandom(seed)
  const xShape = [1, channels, size, size]
  const wShape = [channels, channels, kernel, kernel]
  const out = size - kernel + 1
  const count = (shape: readonly number[]) => shape.reduce((p, d) => p * d, 1)
  const normals = (n: number) => Float64Array.from({ length: n }, () => random.normal())
  const x = normals(count(xShape))
  // Redrawn where it comes too near an input that it meets (all of its channel).
  const w = normals(count(wShape)).map((value, i) => {
    const channel = Math.floor(i / (kernel * kernel)) % channels
    const plane = x.subarray(channel * size * size, (channel + 1) * size * size)
    let redrawn = value
    while (plane.some((v) => Math.abs(v - redrawn) < leastGap)) redrawn = random.normal()
    return redrawn
  })
  const r = normals(channels * out * out).map(Math.fround)
  const b = new GraphBuilder('layer')
  const inputs = [b.input('x', 'float32', xShape), b.input('w', 'float32', wShape)]
  const y = b.node('AdderConv', inputs, {}, { domain: 'ai.kerf' })
  const weighted = b.node('Mul', [y, b.constant('r', tensorOf('float32', [1, channels, out, out], r))])
  const flat = b.node('Reshape', [weighted, b.ints('all', [-1])])
  b.output(b.node('ReduceSum', [flat, b.ints('axis', [0])], { keepdims: 1 }, { outputs: ['loss'] }))
  return { model: b.model(), x, w, r, xShape, wShape }
}

type Distance = (difference: number) => number

/** −Σ r·Σ distance(x − w), written out. */
function lossOf({ xShape, wShape, r }: Layer, x: Float64Array, w: Float64Array, distance: Distance): number {
  const [, channels = 0, size = 0] = xShape
  const [filters = 0] = wShape
  const out = size - kernel + 1
  let loss = 0
  for (let o = 0; o < filters; o++)
    for (let row = 0; row < out; row++)
      for (let column = 0; column < out; column++) {
        let sum = 0
        for (let c = 0; c < channels; c++)
          for (let i = 0; i < kernel; i++)
            for (let j = 0; j < kernel; j++) {
              const v = x[(c * size + row + i) * size + column + j]!
              sum -= distance(v - w[((o * channels + c) * kernel + i) * kernel + j]!)
            }
        loss += sum * r[(o * out + row) * out + column]!
      }
  return loss
}

const absolute: Distance = Math.abs
/** Its derivative is the difference itself. */
const halfSquare: Distance = (d) => (d * d) / 2

/** Central differences at evenly spread elements of x and w. */
function differences(given: Layer, distance: Distance, probes: number): Map<'x' | 'w', Map<number, number>> {
  const found = new Map<'x' | 'w', Map<number, number>>()
  for (const name of ['x', 'w'] as const) {
    const values = given[name]
    const indices = Array.from({ length: probes }, (_, i) => Math.floor(((i + 0.5) * values.length) / probes))
    const at = (index: number, delta: number) => {
      const moved = values.with(index, values[index]! + delta)
      return lossOf(given, name === 'x' ? moved : given.x, name === 'w' ? moved : given.w, distance)
    }
    found.set(name, new Map(indices.map((i) => [i, (at(i, step) - at(i, -step)) / (2 * step)])))
  }
  return found
}

/** What the library's backward rules say, in float64. */
function automatic(given: Layer, choices: Choices): Map<'x' | 'w', Float64Array> {
  const shapes = new Map([
    ['x', given.xShape],
    ['w', given.wShape],
  ])
  const { model, gradients } = differentiate(given.model, 'loss', ['x', 'w'], shapes, choices)
  const feeds = new Map([
    ['x', hostTensor('float64', given.xShape, given.x)],
    ['w', hostTensor('float64', given.wShape, given.w)],
  ])
  const outputs = [...gradients.values()]
  const results = referenceRun(model, feeds, { precision: 'float64', outputs })
  return new Map((['x', 'w'] as const).map((name) => [name, hostValues(results.get(gradients.get(name)!)!)]))
}

/** Largest difference, by the largest derivative. */
function worst(automatic: Float64Array, numeric: ReadonlyMap<number, number>): number {
  const size = Math.max(...[...numeric.values()].map(Math.abs))
  return Math.max(...[...numeric].map(([i, n]) => Math.abs(automatic[i]! - n) / size))
}

/** The same network from the same seed on the same batches, by both rules for the weights, the input's gradient clipped or not. */
const rules = [
  { name: 'full, clipped', choices: { 'AdderConv.weight': 'full', 'AdderConv.input': 'clip' } },
  { name: 'full, not clipped', choices: { 'AdderConv.weight': 'full', 'AdderConv.input': 'full' } },
  { name: 'sign, clipped', choices: { 'AdderConv.weight': 'sign', 'AdderConv.input': 'clip' } },
  { name: 'sign, not clipped', choices: { 'AdderConv.weight': 'sign', 'AdderConv.input': 'full' } },
] as const

async function trainings(settings: Settings, digits: Digits, context: LabContext): Promise<TrainingResult[]> {
  const results: TrainingResult[] = []
  for (const [r, { choices }] of rules.entries()) {
    const model = freshLenet('adder', context.seed, digits.sets.train.classes.length)
    const plan = { ...settings, learningRate: 0.1, adaptiveRate: 0.2, choices }
    results.push(
      await trainBriefly(model, digits, plan, context, (d) => progress(context, 0.2 + (0.8 * (r + d)) / rules.length)),
    )
  }
  return results
}

const last = ({ accuracies }: TrainingResult): number => accuracies.at(-1)!

export async function measure(settings: Settings, context: LabContext): Promise<Findings> {
  const given = layer(settings, seedFrom(context.seed, 'layer'))
  const l1 = differences(given, absolute, settings.probes)
  await progress(context, 0.1)
  const squared = differences(given, halfSquare, settings.probes)
  await progress(context, 0.2)
  const sign = automatic(given, { 'AdderConv.weight': 'sign', 'AdderConv.input': 'sign' })
  const full = automatic(given, { 'AdderConv.weight': 'full', 'AdderConv.input': 'full' })
  const clip = automatic(given, { 'AdderConv.weight': 'full', 'AdderConv.input': 'clip' })
  const rule = (rules: ReadonlyMap<'x' | 'w', Float64Array>, numeric: typeof l1, name: 'x' | 'w') =>
    worst(rules.get(name)!, numeric.get(name) as ReadonlyMap<number, number>)
  const errors = [
    { rule: 'sign', weight: sign, input: sign },
    { rule: 'full', weight: full, input: full },
    { rule: 'clip', weight: undefined, input: clip },
  ].map(({ rule: name, weight, input }) => ({
    rule: name,
    l1w: weight ? rule(weight, l1, 'w') : null,
    l1x: rule(input, l1, 'x'),
    l2w: weight ? rule(weight, squared, 'w') : null,
    l2x: rule(input, squared, 'x'),
  }))
  const [signs, fulls, clips] = errors as [(typeof errors)[0], (typeof errors)[0], (typeof errors)[0]]
  const text = (v: number | null) => (v === null ? '' : v.toExponential(1))
  const tolerance = 1e-7
  const digits = await context.digits()
  const trained = await trainings(settings, digits, context)
  const [fullClip, fullFree, signClip] = trained.map(last) as [number, number, number, number]
  return {
    data: `one 3×3 layer, ${settings.channels} channels, ${settings.size}×${settings.size}; ${settings.probes} inputs and ${settings.probes} weights; ${digits.name}: ${settings.trainImages} training images, ${settings.epochs} epochs, tested on ${settings.testImages}`,
    tables: [
      {
        title: 'Difference from central differences, as a part of the largest derivative',
        columns: [
          { key: 'rule', header: 'Rule' },
          { key: 'l1Weight', header: '∂Σ|x−w|/∂w' },
          { key: 'l1Input', header: '∂Σ|x−w|/∂x' },
          { key: 'l2Weight', header: '∂½Σ(x−w)²/∂w' },
          { key: 'l2Input', header: '∂½Σ(x−w)²/∂x' },
        ],
        rows: errors.map((e) => [e.rule, text(e.l1w), text(e.l1x), text(e.l2w), text(e.l2x)]),
        notes: ['A rule is exact where the difference is that of rounding, about 1e-9.'],
      },
      {
        title: 'Training by each rule',
        columns: [
          { key: 'rule', header: 'Weights, input' },
          { key: 'loss', header: 'Loss, last epoch', kind: 'ratio' },
          { key: 'accuracy', header: 'Accuracy on test images', kind: 'ratio' },
        ],
        rows: rules.map(({ name }, r) => [name, trained[r]!.losses.at(-1)!, last(trained[r]!)]),
      },
    ],
    charts: [
      {
        title: 'Loss by rule',
        xLabel: 'epoch',
        series: rules.map(({ name }, r) => ({
          name,
          points: trained[r]!.losses.map((v, e) => [e + 1, v] as const),
        })),
      },
      {
        title: 'Accuracy on test images by rule',
        xLabel: 'epoch',
        yFormat: 'percent',
        series: rules.map(({ name }, r) => ({
          name,
          points: trained[r]!.accuracies.map((v, e) => [e + 1, v] as const),
        })),
      },
    ],
    checks: [
      atMost('`sign` from the derivative of the L1 layer', tolerance, Math.max(signs.l1w!, signs.l1x)),
      atMost(
        '`full` from the derivative of the layer with squared distances',
        tolerance,
        Math.max(fulls.l2w!, fulls.l2x),
      ),
      control(atMost('`full` is the derivative of the L1 layer', tolerance, fulls.l1w!)),
      control(atMost('`sign` is that of the layer with squares', tolerance, signs.l2w!)),
      atLeast('`clip` lies between: from both derivatives', 0.001, Math.min(clips.l1x, clips.l2x)),
      atLeast('Accuracy: full-precision less sign gradient, both clipped', 0.01, fullClip - signClip),
      control(atLeast('the sign gradient is the better one', 0.01, signClip - fullClip)),
      atLeast('Accuracy: clipped less not clipped (may be equal)', -0.02, fullClip - fullFree),
    ],
  }
}
