// Pruning of real networks: parameter counts against an independent library's, and masked = removed in ONNX Runtime.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Model } from '../src/graph/index.ts'
import { nets } from '../src/nets/index.ts'
import { readModelFile, writeModelFile } from '../src/onnx/index.node.ts'
import { pruneModel } from '../src/prune/index.ts'
import { describeOrt, loadOrt, randomFeeds } from '../src/testing/ort.ts'
import { compareOutputs } from '../src/testing/outputs.ts'
import { regnetY400mf } from '../src/testing/regnet.ts'
import {
  describeShared,
  filledModel,
  hasShared,
  lightModelPaths,
  modelNames,
  modelPath,
} from '../src/testing/shared.ts'

/** Torch-Pruning 1.6.1, L2 group importance, local ratio, every group, classifier outputs kept. */
const counts: readonly (readonly [model: string, ratio: number, params: number])[] = [
  ['resnet18', 0.5, 3_055_880],
  ['resnet18', 0.3, 5_820_556],
  ['resnet50', 0.5, 6_917_640],
  ['resnet50', 0.3, 12_935_549],
  ['mobilenet_v2', 0.5, 1_221_768],
  ['resnext50_32x4d', 0.5, 6_789_384],
  ['vgg11_bn', 0.5, 34_246_504],
  ['vgg11_bn', 0.3, 65_897_452],
  ['squeezenet1_1', 0.5, 438_792],
  ['squeezenet1_1', 0.3, 706_602],
  ['alexnet', 0.5, 16_308_104],
  ['mobilenet_v3_large', 0.5, 1_722_208],
  ['mobilenet_v3_large', 0.3, 2_978_919],
]

const cifarCounts = [
  ['resnet20', 0.5, 68_786],
  ['resnet56', 0.5, 215_282],
  ['resnet56', 0.3, 405_635],
  ['resnet110', 0.5, 435_026],
] as const

const everything = { methods: ['filter', 'neuron'], criterion: 'random' } as const

describe('parameters after pruning CIFAR ResNets', () => {
  it.each(cifarCounts)('%s at %s: %i', async (name, ratio, params) => {
    expect((await pruneModel(nets[name](), { ...everything, scope: { ratio } })).after.params).toBe(params)
  })
})

// Torch-Pruning, as above: 3 of each 8 channels of a group go, in every stage.
it('parameters after pruning RegNetY-400MF, whose groups have 8 channels, at 0.3: 2,012,838', async () => {
  const { before, after } = await pruneModel(regnetY400mf(), { ...everything, scope: { ratio: 0.3 } })
  expect(before.params).toBe(4_344_144)
  expect(after.params).toBe(2_012_838)
})

describeShared('parameters after pruning ../shared/models', () => {
  it.each(counts)('%s at %s: %i', async (name, ratio, params) => {
    // No weights are needed: they are only read when they are scored or written.
    expect((await pruneModel(readModelFile(modelPath(name)), { ...everything, scope: { ratio } })).after.params).toBe(
      params,
    )
  })
})

/** Largest difference of the outputs of the two networks, as a part of the largest output. */
async function disagreement(masked: Model, cut: Model): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'kerf-test-'))
  try {
    const outputs = []
    for (const [name, model] of Object.entries({ masked, cut })) {
      const path = join(folder, `${name}.onnx`)
      writeModelFile(model, path)
      const session = await loadOrt(path)
      outputs.push(await session.run(randomFeeds(session)))
      await session.release()
    }
    const [a, b] = outputs
    // Outputs that are all alike would agree whatever was cut.
    for (const { data } of Object.values(a ?? {})) expect(new Set(data as Float32Array).size).toBeGreaterThan(1)
    return compareOutputs(a ?? {}, b ?? {})
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describeOrt('masked = removed', () => {
  if (!hasShared) it.skip('on ../shared/models (skipped: there is no ../shared beside this checkout)', () => {})
  // Half a gigabyte of weights, in layers that AlexNet has, too.
  const large = ['vgg11_bn']
  const asked = modelNames.filter((name) => process.env.KERF_LARGE || !large.includes(name))
  if (asked.length < modelNames.length) it.skip(`${large} (skipped: large networks; KERF_LARGE=1 runs them)`, () => {})
  it.each(asked)('%s, half of everything by L2', async (name) => {
    const model = readModelFile(await filledModel(name))
    const result = await pruneModel(model, { methods: ['filter', 'neuron'], criterion: 'l2', scope: { ratio: 0.5 } })
    expect(result.after.macs).toBeLessThan(0.5 * result.before.macs)
    expect(await disagreement(result.masked!, result.model)).toBeLessThan(1e-4)
  })

  it.each(['resnet20', 'mobilenet_v2', 'ghostnet', 'fasternet_t0'] as const)(
    '%s as built here, globally at random',
    async (name) => {
      const result = await pruneModel(nets[name](), {
        ...everything,
        seed: 3,
        scope: { ratio: 0.4, global: true, roundTo: 2 },
      })
      expect(await disagreement(result.masked!, result.model)).toBeLessThan(1e-4)
    },
  )
})

describeShared('models whose weights are ConstantOfShape nodes', () => {
  it.each(lightModelPaths)('%s is cut, and stays small', async (path) => {
    const { before, after, model } = await pruneModel(readModelFile(path), { ...everything, scope: { ratio: 0.5 } })
    expect(after.params).toBeLessThan(0.8 * before.params)
    const stored = [...model.graph.initializers.values()].reduce((s, t) => s + t.data.byteLength, 0)
    expect(stored).toBeLessThan(200_000)
  })
})
