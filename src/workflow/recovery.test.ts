import { describe, expect, it } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { openData } from '../data/index.node.ts'
import { createLoader, type ImageSet, imagesFromArrays, subset } from '../data/index.ts'
import { editGraph, GraphBuilder, type Model, tensorOf, tensorValues } from '../graph/index.ts'
import { modelBytes, readModel, readModelFile } from '../onnx/index.node.ts'
import { pruneModel, type Recovered, type RecoveryMethod, recover } from '../prune/index.ts'
import { abortedAfter } from '../testing/aborting.ts'
import { comparedOutputs, OutputTeacher } from './distil-outputs.ts'
import { imagesFor, spread } from './images.ts'
import { type CutRecoveryMemory, type RecoverCutOptions, recoverCut } from './recovery.ts'

const lenet = readModelFile('examples/digits/lenet5.onnx')
const { train } = await openData({ kind: 'mnist', path: 'examples/digits' })
const digits = spread(train, 160)
const half = (model: Model) => pruneModel(model, { scope: { ratio: 0.5 }, methods: ['filter'] })
const only = (step: Recovered['steps']) => step.find((s) => s.name === 'distillation')!

const random = seededRandom(4)
const normals = (count: number, scale = 1) => Float32Array.from({ length: count }, () => scale * random.normal())
const constant = (b: GraphBuilder, name: string, shape: number[], scale = 1) =>
  b.constant(
    name,
    tensorOf(
      'float32',
      shape,
      normals(
        shape.reduce((p, d) => p * d, 1),
        scale,
      ),
    ),
  )

/** Two outputs that are no classes: boxes in hundreds of pixels, and probabilities one by one; channels last or first. */
function detector({ last = false, ends = (_: GraphBuilder, v: string) => v } = {}): Model {
  const b = new GraphBuilder('detector', 17)
  const x = b.input('x', 'float32', last ? ['N', 8, 8, 3] : ['N', 3, 8, 8])
  const first = last ? b.node('Transpose', [x], { perm: [0, 3, 1, 2] }) : x
  const a = b.node('Relu', [b.node('Conv', [first, constant(b, 'a', [8, 3, 3, 3], 0.3), constant(b, 'ab', [8], 0.1)])])
  const c = b.node('Relu', [b.node('Conv', [a, constant(b, 'c', [8, 8, 3, 3], 0.2), constant(b, 'cb', [8], 0.1)])])
  b.output(ends(b, b.node('Conv', [c, constant(b, 'boxes', [4, 8, 1, 1], 100)])))
  b.output(ends(b, b.node('Sigmoid', [b.node('Conv', [c, constant(b, 'objects', [1, 8, 1, 1], 0.5)])])))
  return b.model()
}
const noise: ImageSet = imagesFromArrays({
  images: Float32Array.from({ length: 96 * 192 }, () => random.uniform()),
  ...{ channels: 3, height: 8, width: 8 },
})

/** What is kept, as bytes. */
function bytesKept(): CutRecoveryMemory & { readonly names: string[]; saved(): number } {
  const [networks, names] = [new Map<string, [Uint8Array, string]>(), [] as string[]]
  let state: Uint8Array | undefined
  let saved = 0
  return {
    names,
    saved: () => saved,
    async network<T>(name: string, make: () => Promise<{ readonly model: Model; readonly facts: T }>) {
      const known = networks.get(name)
      if (known) return { model: readModel(known[0]), facts: JSON.parse(known[1]) as T }
      const made = await make()
      names.push(name)
      networks.set(name, [modelBytes(made.model).slice(), JSON.stringify(made.facts)])
      return made
    },
    training: {
      everyMs: 0,
      load: async () => state,
      async save(chunks) {
        saved++
        state = Uint8Array.from(chunks.flatMap((chunk) => [...chunk]))
      },
    },
  }
}

describe('recoverCut', () => {
  it.each([false, true])('goes on where it was stopped, to the same bits; labels count: %s', async (labels) => {
    const result = await half(lenet)
    const options: RecoverCutOptions = {
      ...{ images: digits, steps: ['mean-replacement', 'distillation'], threads: 1 },
      distillation: { epochs: 3, learningRate: 0.003, labels },
    }
    const events: number[] = []
    const whole = await recoverCut(result, {
      ...options,
      distillation: { ...options.distillation, onEvent: (e) => e.kind === 'step' && events.push(e.step) },
    })
    const memory = bytesKept()
    const controller = new AbortController()
    const stopped = recoverCut(
      result,
      { ...options, memory },
      {
        signal: controller.signal,
        progress: ({ what, done }) => what === 'distilling' && done >= 4 && controller.abort(),
      },
    )
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' })
    expect(memory.names).toEqual(['step-0-mean-replacement'])
    expect(memory.saved()).toBeGreaterThan(0)
    const later: number[] = []
    const gone = await recoverCut(await half(lenet), {
      ...{ ...options, memory },
      distillation: { ...options.distillation, onEvent: (e) => e.kind === 'step' && later.push(e.step) },
    })
    expect(modelBytes(gone.model)).toEqual(modelBytes(whole.model))
    expect(gone.steps).toEqual(whole.steps)
    expect(later[0]).toBeGreaterThan(4)
    expect([later.at(-1), events[0]]).toEqual([events.length, 1])
  })

  it('distils behind what is solved for, judged by images that it does not see, to the same bits again', async () => {
    const result = await half(lenet)
    const options: RecoverCutOptions = {
      ...{ images: digits, steps: ['mean-replacement', 'distillation'], threads: 1 },
      distillation: { epochs: 4, learningRate: 0.003 },
    }
    const [one, two] = [await recoverCut(result, options), await recoverCut(result, options)]
    expect(modelBytes(one.model)).toEqual(modelBytes(two.model))
    expect(one.steps.map((s) => s.name)).toEqual(['mean-replacement', 'distillation'])
    const { kept, outputError, layers } = only(one.steps)
    expect(kept).toBe(true)
    expect(outputError.before).toBe(one.steps[0]!.outputError.after)
    expect(outputError.after).toBeLessThan(0.8 * outputError.before)
    expect(layers.map((l) => l.layer)).toEqual(['conv1', 'conv2', 'conv3', 'conv4', 'fc'])
    expect(layers.at(-1)!.after).toBeLessThan(layers.at(-1)!.before)
    // What it was judged by is what comes out: the same error, measured by a step that changes nothing.
    const nothing: RecoveryMethod = { name: 'nothing', improve: async () => one.model }
    const images = imagesFor(lenet, digits, [])
    const [measured] = (await recover(result, { images, steps: [nothing] })).steps
    expect(measured!.outputError.after).toBeCloseTo(outputError.after, 6)
    expect(one.model.graph.nodes.map((n) => n.opType)).toEqual(result.model.graph.nodes.map((n) => n.opType))
    expect(one.model.graph.outputs).toEqual(result.model.graph.outputs)
  })

  it.each([
    ['channels first', detector()],
    ['channels last', detector({ last: true })],
  ])('learns several outputs of any meaning, %s', async (_, model) => {
    const { steps, model: made } = await recoverCut(await half(model), {
      ...{ images: noise, steps: ['distillation'], threads: 1, distillation: { epochs: 12, learningRate: 0.01 } },
    })
    const { kept, outputError } = only(steps)
    expect(kept).toBe(true)
    expect(outputError.after).toBeLessThan(0.9 * outputError.before)
    expect(made.graph.outputs).toEqual(model.graph.outputs)
    expect([...made.graph.initializers.keys()].sort()).toEqual([...model.graph.initializers.keys()].sort())
  })

  it('is left out unasked where that is of no use or takes long, and says why', async () => {
    const why = async (images: ImageSet, epochs?: number, model = lenet) =>
      only((await recoverCut(await half(model), { images, threads: 1, distillation: { epochs } })).steps)
    expect(await why(subset(digits, [...Array(40).keys()]))).toMatchObject({
      ...{ kept: false, layers: [] },
      why: expect.stringMatching(/^40 images are few to train by: at least 64 are\. --recover-steps names it/),
    })
    expect((await why(digits, 20_000)).why).toMatch(/^It would take [\d.]+ · 10¹² MACs, and at most 1 · 10¹² are taken/)
    const done = await why(digits, 1)
    expect(done.why).toBeUndefined()
  })

  it('says what cannot learn, and goes on', async () => {
    const rounded = detector({ ends: (b, v) => b.node('Cast', [v], { to: 7 }) })
    const { steps } = await recoverCut(await half(rounded), { images: noise, steps: ['distillation'], threads: 1 })
    expect(only(steps)).toMatchObject({ kept: false, why: expect.stringMatching(/no output of floats/) })
    const asked = { images: noise, steps: ['distillation'], threads: 1, distillation: { loss: 'divergence' } } as const
    expect(only((await recoverCut(await half(detector()), asked)).steps).why).toMatch(/take the loss squared/)
  })

  it('learns probabilities behind a Softmax by their divergence', async () => {
    const b = editGraph(lenet)
    b.node('Softmax', ['logits'], { axis: 1 }, { outputs: ['probabilities'] })
    const model = b.setOutputs(['probabilities']).model()
    const settings = { epochs: 2, learningRate: 0.01 }
    const made = (loss?: 'divergence') =>
      half(model).then((r) =>
        recoverCut(r, { images: digits, steps: ['distillation'], threads: 1, distillation: { ...settings, loss } }),
      )
    const [auto, asked] = [await made(), await made('divergence')]
    expect(modelBytes(auto.model)).toEqual(modelBytes(asked.model))
    expect(only(auto.steps).why).toBeUndefined()
  })

  it('stops when it is told to', async () => {
    const result = await half(lenet)
    await abortedAfter(12, (task) => recoverCut(result, { images: digits, steps: ['distillation'], threads: 1 }, task))
  })
})

describe("a step of one's own", () => {
  it('is taken back where outputs are further off, and judged by every fourth image', async () => {
    const result = await half(lenet)
    const seen: number[][] = []
    const worse: RecoveryMethod = {
      name: 'zeros',
      improve: async ({ model, fitted }) => {
        seen.push([...fitted])
        const name = model.graph.nodes.at(-1)!.inputs[1]!
        const tensor = model.graph.initializers.get(name)!
        return editGraph(model)
          .set(
            name,
            tensorOf(
              'float32',
              tensor.shape,
              tensorValues(tensor).map((v) => -9 * v),
            ),
          )
          .model()
      },
    }
    const images = imagesFor(lenet, subset(digits, [...Array(12).keys()]), [])
    const { steps, model } = await recover(result, { images, steps: [worse], threads: 1 })
    expect(seen).toEqual([[0, 1, 2, 4, 5, 6, 8, 9, 10]])
    expect(steps).toMatchObject([{ name: 'zeros', kept: false }])
    expect(model).toBe(result.model)
  })
})

it('outputs are compared in parts of their variance over the images', async () => {
  const model = detector()
  const teacher = await OutputTeacher.of(model, noise, [], 32, { threads: 1 }, {})
  try {
    expect(teacher.outputs.map((o) => [o.name, o.scale.length])).toEqual(
      model.graph.outputs.map((o, i) => [o.name, [64, 16][i]!]),
    )
    const values: number[][] = []
    const loader = createLoader(noise, { batchSize: 32, training: false })
    for await (const { targets } of teacher.teaching(loader).epoch(0))
      for (let i = 0; i < 32; i++) values.push([...targets.slice(i * 80, (i + 1) * 80)])
    for (let k = 0; k < 80; k += 9) {
      const column = values.map((v) => v[k]!)
      const mean = column.reduce((a, v) => a + v, 0) / column.length
      expect(column.reduce((a, v) => a + (v - mean) ** 2, 0) / column.length).toBeCloseTo(1, 3)
    }
    expect(comparedOutputs(model, teacher.outputs).size).toBe(80)
  } finally {
    await teacher.dispose()
  }
})
