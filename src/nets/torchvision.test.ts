import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { editGraph, type Model } from '../graph/index.ts'
import { memorySource, modelBytes, readModel } from '../onnx/index.ts'
import { describeOrt, loadOrt, randomFeeds, runOrt } from '../testing/ort.ts'
import { describeShared, filledModel, modelPath } from '../testing/shared.ts'
import { type NetName, nets } from './index.ts'

/** The networks that are also there as torchvision exported them. */
const exported = [
  'alexnet',
  'vgg11_bn',
  'resnet18',
  'resnet50',
  'squeezenet1_1',
  'mobilenet_v2',
] as const satisfies NetName[]

/** Shapes of the weights by name. Constants of the arithmetic (bounds of Clip) are scalars and have names of their own in either file. */
function weights(model: Model): [string, string][] {
  const ofLayers = [...model.graph.initializers].filter(([, t]) => t.elementType === 'float32' && t.shape.length > 0)
  return ofLayers.map(([name, t]): [string, string] => [name, t.shape.join('×')]).sort()
}

describeShared('networks that torchvision has', () => {
  it.each(exported)('%s has the same weights by name and shape, and as many nodes of each kind', (name) => {
    const theirs = readModel(readFileSync(modelPath(name)))
    const ours = nets[name]()
    expect(weights(ours)).toEqual(weights(theirs))
    // The exporter leaves a pooling by 1×1 in, and writes Clip's bounds as nodes.
    const kinds = (model: Model) => model.graph.nodes.map((n) => n.opType).sort()
    expect(kinds(ours)).toEqual(kinds(theirs).filter((k) => k !== 'AveragePool' && k !== 'Constant'))
  })

  describeOrt('in ONNX Runtime', () => {
    it.each(['resnet18', 'squeezenet1_1', 'mobilenet_v2'] as const)(
      '%s gives the same outputs with the same weights',
      async (name) => {
        const path = await filledModel(name)
        const external = (location: string) => memorySource(readFileSync(join(dirname(path), location)), location)
        const theirs = readModel(readFileSync(path), { external })
        const drawn = nets[name]()
        const editor = editGraph(drawn)
        for (const [weight] of weights(drawn)) {
          const tensor = theirs.graph.initializers.get(weight)
          if (tensor) editor.set(weight, tensor)
        }
        const ours = editor.model()
        const session = await loadOrt(path)
        const [given] = Object.values(randomFeeds(session, 1, 2))
        if (!given) throw new Error(`${name} has no input`)
        const expected = Object.values(await session.run({ [session.inputNames[0] ?? '']: given }))[0]
        await session.release()
        const { logits } = await runOrt(modelBytes(ours), { input: given })
        // Not equal to the last bit: the two graphs may be optimised differently.
        const largest = Math.max(...Array.from(expected?.data as Float32Array, Math.abs))
        const differences = Array.from(logits?.data as Float32Array, (v, i) => Math.abs(v - Number(expected?.data[i])))
        expect(logits?.dims).toEqual(expected?.dims)
        expect(largest).toBeGreaterThan(1e-3)
        expect(Math.max(...differences)).toBeLessThan(1e-5 * largest)
      },
    )
  })
})
