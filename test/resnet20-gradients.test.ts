import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { elementCount } from '../src/base/index.ts'
import { cifarResNet } from '../src/nets/index.ts'
import { hostTensor, referenceRun } from '../src/runtime/index.ts'
import { trainingGraph } from '../src/train/index.ts'

interface Summary {
  readonly shape: readonly number[]
  readonly norm: number
  readonly sum: number
  /** Single elements, by their flat index. */
  readonly samples: Readonly<Record<string, number>>
}

// Made by resnet20.py beside it: PyTorch 1.13 in float64.
const pytorch: {
  images: number[]
  labels: number[]
  loss: number
  logits: number[]
  gradients: Record<string, Summary>
} = JSON.parse(readFileSync(new URL('../src/testing/gradients/resnet20.json', import.meta.url), 'utf8'))

/** Numbers in [−1, 1) from a hash of the stream's number and their place, as in resnet20.py. */
function uniform(stream: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => {
    let h = (Math.imul(i, 2654435761) + Math.imul(stream + 1, 40503)) >>> 0
    h = Math.imul(h ^ (h >>> 16), 2246822519) >>> 0
    h = Math.imul(h ^ (h >>> 13), 3266489917) >>> 0
    return ((h ^ (h >>> 16)) >>> 0) / 2 ** 31 - 1
  })
}

function start(name: string, shape: readonly number[], stream: number): Float64Array {
  const values = uniform(stream, elementCount(shape)!)
  if (shape.length > 1) return values.map((v) => v * (6 / elementCount(shape.slice(1))!) ** 0.5)
  return values.map((v) => v * 0.2 + (name.endsWith('weight') ? 1 : 0))
}

/** Loss, logits and the gradient of every weight, in float64 by the operators' definitions. */
function step(labels: readonly number[]) {
  const graph = trainingGraph(cifarResNet(20, { inputSize: 8 }), { imageShape: pytorch.images, classes: 10 })
  const feeds = new Map([
    [graph.images, hostTensor('float64', pytorch.images, uniform(1000, elementCount(pytorch.images)!))],
    [
      graph.targets,
      hostTensor(
        'float64',
        [labels.length, 10],
        labels.flatMap((label) => Array.from({ length: 10 }, (_, c) => Number(c === label))),
      ),
    ],
  ])
  Object.entries(pytorch.gradients).forEach(([name, { shape }], stream) => {
    feeds.set(name, hostTensor('float64', shape, start(name, shape, stream)))
  })
  for (const { name, shape } of graph.statistics)
    feeds.set(name, hostTensor('float64', shape, new Float64Array(shape[0]!).fill(Number(name.endsWith('var')))))
  const gradients = graph.weights.map(({ gradient }) => gradient)
  const outputs = [graph.loss, graph.scores, ...gradients]
  const found = referenceRun(graph.model, feeds, { precision: 'float64', outputs })
  const values = (name: string) => found.get(name)?.data as Float64Array
  return {
    loss: values(graph.loss)[0]!,
    logits: values(graph.scores),
    gradients: new Map(graph.weights.map(({ name, gradient }) => [name, values(gradient)])),
  }
}

/** The greatest difference from PyTorch's, relative to the gradient's norm. */
function worst(gradients: ReadonlyMap<string, Float64Array>): number {
  return Math.max(
    ...Object.entries(pytorch.gradients).flatMap(([name, { norm, sum, samples }]) => {
      const own = gradients.get(name)!
      const differences = [
        Math.hypot(...own) - norm,
        (own.reduce((a, b) => a + b, 0) - sum) / Math.sqrt(own.length),
        ...Object.entries(samples).map(([i, v]) => own[Number(i)]! - v),
      ]
      return differences.map((d) => Math.abs(d) / norm)
    }),
  )
}

describe('gradients of ResNet-20 in training mode are those of PyTorch 1.13', () => {
  const own = step(pytorch.labels)

  it('has the same weights', () => {
    expect([...own.gradients.keys()].sort()).toEqual(Object.keys(pytorch.gradients).sort())
    for (const [name, { shape }] of Object.entries(pytorch.gradients))
      expect(own.gradients.get(name)?.length).toBe(elementCount(shape))
  })

  it('the way there', () => {
    expect(Math.abs(own.loss / pytorch.loss - 1)).toBeLessThan(1e-9)
    own.logits.forEach((logit, i) => {
      expect(logit).toBeCloseTo(pytorch.logits[i]!, 8)
    })
  })

  it('the way back: norm, sum and single elements of every gradient', () => {
    expect(worst(own.gradients)).toBeLessThan(1e-7)
  })

  it('other labels have other gradients', () => {
    expect(worst(step([1, 3, 6, 9]).gradients)).toBeGreaterThan(0.1)
  })
})
