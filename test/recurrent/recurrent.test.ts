// Recurrent nodes of all kinds against ONNX Runtime: on every backend, with weights that are stored and with weights that are fed, and unrolled.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { differentiate } from '../../src/autodiff/index.ts'
import { type AttributeValue, float, floats, GraphBuilder, type Model, tensorOf } from '../../src/graph/index.ts'
import { type HostTensor, hostTensor, referenceRun } from '../../src/runtime/index.ts'
import { backends } from '../../src/testing/backends.ts'

interface Case {
  readonly op: string
  readonly attributes: Readonly<Record<string, AttributeValue>>
  /** Names of the node's inputs; '' where one is left out. */
  readonly listed: readonly string[]
  /** Shapes by name. */
  readonly inputs: Readonly<Record<string, readonly number[]>>
  readonly lengths?: readonly number[]
  readonly outputs: readonly { readonly shape: readonly number[]; readonly data: readonly number[] }[]
}

/** Written by onnx-runtime.py, which says how inputs are made. */
const cases: Readonly<Record<string, Case>> = JSON.parse(
  readFileSync(new URL('onnx-runtime.json', import.meta.url), 'utf8'),
)

const allNames = ['X', 'W', 'R', 'B', 'lengths', 'h', 'c', 'p']

function attributesOf({ attributes }: Case): Record<string, AttributeValue> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => {
      if (name === 'clip') return [name, float(value as number)]
      return [name, /^activation_(alpha|beta)$/.test(name) ? floats(value as number[]) : value]
    }),
  )
}

interface Built {
  readonly model: Model
  readonly feeds: ReadonlyMap<string, HostTensor>
}

/** @param fed names of inputs that are fed; the others are stored */
function build(given: Case, fed: readonly string[]): Built {
  const b = new GraphBuilder('recurrent', 14)
  const feeds = new Map<string, HostTensor>()
  const inputs = given.listed.map((name) => {
    const shape = given.inputs[name]
    if (!shape) return ''
    const k = allNames.indexOf(name)
    const type = name === 'lengths' ? 'int32' : 'float32'
    const count = shape.reduce((p, d) => p * d, 1)
    const values = given.lengths?.length === count && name === 'lengths' ? given.lengths : wave(k, count)
    if (!fed.includes(name)) return b.constant(name, tensorOf(type, shape, values))
    feeds.set(name, hostTensor(type, shape, values))
    return b.input(name, type, shape)
  })
  const outputs = given.outputs.map((_, i) => `y${i}`)
  b.node(given.op, inputs, attributesOf(given), { outputs })
  for (const y of outputs) b.output(y)
  return { model: b.model(), feeds }
}

const wave = (k: number, count: number) => Array.from({ length: count }, (_, i) => 0.9 * Math.sin(k + 1 + 1.7 * i))

function compare(given: Case, results: ReadonlyMap<string, HostTensor>): void {
  given.outputs.forEach(({ shape, data }, i) => {
    const got = results.get(`y${i}`)
    expect(got?.shape).toEqual(shape)
    data.forEach((v, at) => {
      expect(Math.abs((got?.data[at] as number) - v), `output ${i}, element ${at}`).toBeLessThan(2e-6)
    })
  })
}

describe.each(Object.entries(cases))('%s', (_, given) => {
  it.each(backends)('is what ONNX Runtime gives, on $name, its weights stored', async ({ run }) => {
    const { model, feeds } = build(given, ['X', 'h'])
    compare(given, await run(model, feeds))
  })

  it.each(backends)('is what ONNX Runtime gives, on $name, everything fed', async ({ run }) => {
    const { model, feeds } = build(given, allNames)
    compare(given, await run(model, feeds))
  })

  it('is the same unrolled, for gradients', () => {
    const { model, feeds } = build(given, allNames)
    const b = model.graph
    const nodes = [
      { name: 'sum', opType: 'ReduceSum', domain: '', inputs: ['y0'], outputs: ['loss'], attributes: new Map() },
    ]
    const withLoss = { ...model, graph: { ...b, nodes: [...b.nodes, ...nodes] } }
    const shapes = new Map([...feeds].map(([name, t]) => [name, t.shape]))
    const unrolled = differentiate(withLoss, 'loss', ['X', 'W'], shapes).model
    expect(unrolled.graph.nodes.some((node) => node.opType === given.op)).toBe(false)
    compare(given, referenceRun(unrolled, feeds, { outputs: given.outputs.map((_, i) => `y${i}`) }))
  })
})
