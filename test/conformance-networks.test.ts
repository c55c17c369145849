// Whole networks on every backend: against ONNX Runtime on random input, and against the outputs recorded for the light ones.
// The scalar reference runs those that it does within seconds, kernels all. Large ones (up to 143 million weights, minutes altogether) only
// where they are asked for:
//
//     KERF_LARGE=1 npx vitest run test/conformance-networks.test.ts

import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, expect, it } from 'vitest'
import { elementCount, seededRandom } from '../src/base/index.ts'
import { graphInputs, type Model } from '../src/graph/index.ts'
import { type NetName, nets } from '../src/nets/index.ts'
import { readModelFile } from '../src/onnx/index.node.ts'
import { modelBytes } from '../src/onnx/index.ts'
import { fromStored, type HostTensor, hostTensor, hostValues } from '../src/runtime/index.ts'
import { backends } from '../src/testing/backends.ts'
import { describeOrt, loadOrt } from '../src/testing/ort.ts'
import { recordedTensor } from '../src/testing/recorded-tensor.ts'
import { describeShared, filledModel, lightModelPaths, modelNames, sharedPath } from '../src/testing/shared.ts'

/** Largest difference, as a part of the largest value of the output. */
const tolerance = 1e-4

/** Standard normal numbers for every input, dimensions that the file leaves open 1. */
function randomFeeds(model: Model, seed: number): Map<string, HostTensor> {
  const random = seededRandom(seed)
  return new Map(
    graphInputs(model.graph).map(({ name, type }) => {
      if (type?.kind !== 'tensor' || !type.shape) throw new Error(`input ${name} has no shape`)
      const shape = type.shape.map((d) => (typeof d === 'number' ? d : 1))
      return [name, hostTensor('float32', shape, Float64Array.from({ length: elementCount(shape)! }, random.normal))]
    }),
  )
}

/** Largest difference as a part of the largest expected value; infinite where shapes differ or something is no number. */
function distance(expected: HostTensor, got: HostTensor | undefined): number {
  if (!got || got.shape.join() !== expected.shape.join()) return Number.POSITIVE_INFINITY
  const values = hostValues(got)
  const wanted = hostValues(expected)
  const size = wanted.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
  return wanted.reduce((worst, v, i) => {
    const d = Math.abs(v - values[i]!) / size
    return Number.isNaN(d) ? Number.POSITIVE_INFINITY : Math.max(worst, d)
  }, 0)
}

/** What ONNX Runtime makes of the same file and the same input. */
async function expectedOutputs(
  model: string | Uint8Array,
  feeds: ReadonlyMap<string, HostTensor>,
): Promise<Map<string, HostTensor>> {
  const session = await loadOrt(model)
  const inputs = [...feeds].map(
    ([name, t]) => [name, { type: 'float32', dims: t.shape, data: t.data as Float32Array }] as const,
  )
  const outputs = await session.run(Object.fromEntries(inputs))
  await session.release()
  return new Map(
    Object.entries(outputs).map(([name, t]) => [
      name,
      { elementType: 'float32', shape: t.dims, data: t.data as Float32Array },
    ]),
  )
}

const built: readonly NetName[] = ['lenet5_bn', 'resnet20']
/** What the scalar reference does within seconds. */
const small = ['mobilenet_v2', 'shufflenet_v2_x1_0', 'squeezenet1_1']
const smallLight = ['inception_v1', 'shufflenet', 'squeezenet']
/** What kernels do within seconds, with reading the weights. */
const quick = new Set([...small, ...smallLight, 'efficientnet_b0', 'mobilenet_v3_large', 'resnet18_bnfolded'])
const lightNames = lightModelPaths.map((path) => basename(path, '.onnx').replace('light_', ''))
const isAsked = (name: string) => Boolean(process.env.KERF_LARGE) || quick.has(name)

describe.each(backends)('$name', ({ name: backend, run }) => {
  const [shared, light] = backend === 'wasm' ? [modelNames, lightNames] : [small, smallLight]
  const agrees = async (model: Model, file: string | Uint8Array, seed: number) => {
    const feeds = randomFeeds(model, seed)
    const expected = await expectedOutputs(file, feeds)
    const got = await run(model, feeds)
    expect([...got.keys()]).toEqual([...expected.keys()])
    for (const [name, tensor] of expected) expect(distance(tensor, got.get(name)), name).toBeLessThan(tolerance)
  }

  describeOrt('networks built here agree with ONNX Runtime', () => {
    it.each(built)('%s', async (name) => {
      const model = nets[name]({ seed: 3 })
      await agrees(model, modelBytes(model), 4)
    })
  })

  describeShared('networks', () => {
    describeOrt('of ../shared/models agree with ONNX Runtime', () => {
      it.each(shared.filter(isAsked))('%s', async (name) => {
        const path = await filledModel(name)
        await agrees(readModelFile(path), path, 5)
      })
    })

    // Weights that are all equal make these outputs the same whatever goes in: any input does.
    it.each(light.filter(isAsked))('light_%s gives what onnx recorded', async (name) => {
      const path = sharedPath('onnx/light', `light_${name}.onnx`)
      const recorded = recordedTensor(readFileSync(path.replace('.onnx', '_output_0.pb')))
      const model = readModelFile(path)
      const got = await run(model, randomFeeds(model, 6))
      expect(got.size).toBe(1)
      expect(distance(fromStored(recorded), [...got.values()][0]), basename(path)).toBeLessThan(tolerance)
    })

    const left = [...shared, ...light].filter((name) => !isAsked(name))
    if (left.length > 0) it.skip(`${left.join(', ')} (skipped: large networks; KERF_LARGE=1 runs them)`, () => {})
  })
})
