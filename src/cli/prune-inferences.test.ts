import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { profileModel } from '../cost/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../graph/index.ts'
import { nets } from '../nets/index.ts'
import { writeModelFile } from '../onnx/index.node.ts'
import { operatorFacts, operators, prunableOperators, runnableOperators } from '../ops/index.ts'
import { pruneModel } from '../prune/index.ts'
import { kerf } from './in-process.ts'

/** How often the shapes of a whole network are inferred: every time, all its convolutions are asked for theirs. */
async function inferences(run: () => unknown): Promise<number> {
  // Those who count, run and train have sets of their own.
  const convolutionsOf = new Set(
    [operatorFacts, runnableOperators, prunableOperators, operators].map((set) => set.get('', 'Conv')!),
  )
  const spies = [...convolutionsOf].map((conv) => vi.spyOn(conv, 'infer'))
  const convolutions = 53
  try {
    await run()
    return spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0) / convolutions
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

describe('a search for a target', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kerf-inferences-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('infers shapes twice: of the network, and of the cut that it chooses', async () => {
    const model = nets.resnet50({ inputSize: 64 })
    for (const of of ['macs', 'params'] as const)
      expect(await inferences(() => pruneModel(model, { criterion: 'random', target: { of, part: 0.5 } }))).toBe(2)
  })

  it('and, where masked and cut network are run against each other, four times', async () => {
    const [model, out] = ['given', 'cut'].map((name) => join(folder, `${name}.onnx`)) as [string, string]
    writeModelFile(nets.resnet50({ inputSize: 64 }), model)
    const times = await inferences(async () => {
      const { status, err } = await kerf('prune', model, '-o', out, '--target-macs', '0.5')
      expect(err).toBe('')
      expect(status).toBe(0)
    })
    expect(times).toBeLessThanOrEqual(4)
  })

  it('counts what it makes where values decide what is a parameter', async () => {
    const model = blurred()
    const { totals } = profileModel(model)
    const part = 0.3
    const { ratio, after } = await pruneModel(model, { target: { of: 'params', part } })
    const left = async (tried: number) =>
      (await pruneModel(model, { scope: { ratio: tried } })).after.params / totals.params
    expect(after.params / totals.params).toBe(await left(ratio!))
    expect(await left(ratio!)).toBeLessThanOrEqual(part)
    expect(await left(ratio! - 0.001)).toBeGreaterThan(part)
  })
})

/** A convolution of 8 channels, whose last one is the smallest, and a depthwise one behind it that has another filter for that channel alone. */
function blurred(): Model {
  const random = seededRandom(3)
  const b = new GraphBuilder('blurred')
  const x = b.input('x', 'float32', [1, 3, 8, 8])
  const draw = (shape: readonly number[], scale: (i: number) => number) => {
    const count = shape.reduce((p, d) => p * d, 1)
    return tensorOf(
      'float32',
      shape,
      Float32Array.from({ length: count }, (_, i) => scale(i) * random.normal()),
    )
  }
  const w = b.constant(
    'w',
    draw([8, 3, 1, 1], (i) => (i < 21 ? 1 : 0.01)),
  )
  const blurs = [1, 2, 1, 2, 4, 2, 1, 2, 1]
  const filters = Float32Array.from({ length: 8 * 9 }, (_, i) => (i < 63 ? blurs[i % 9]! / 16 : 0))
  const blur = b.constant('blur', tensorOf('float32', [8, 1, 3, 3], filters))
  const y = b.node('Conv', [b.node('Conv', [x, w]), blur], { group: 8, pads: [1, 1, 1, 1] })
  b.output(
    b.node('Conv', [
      y,
      b.constant(
        'v',
        draw([4, 8, 1, 1], () => 1),
      ),
    ]),
  )
  return b.model()
}
