// Operators of the domain com.microsoft against ONNX Runtime, on every backend.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type AttributeValue, float, floats, GraphBuilder, tensorOf } from '../../src/graph/index.ts'
import { type HostTensor, hostTensor, hostValues } from '../../src/runtime/index.ts'
import { backends } from '../../src/testing/backends.ts'

type Kind = 'float32' | 'uint8' | 'int8' | 'int32'

interface Input {
  readonly shape: readonly number[]
  readonly kind: Kind
  /** Stored in the model; the others are fed. */
  readonly values?: readonly number[]
}

interface Case {
  readonly op: string
  readonly attributes: Readonly<Record<string, AttributeValue>>
  readonly inputs: readonly (Input | null)[]
  /** Names of the node's outputs, '' where one is left out. */
  readonly outputs: readonly string[]
  readonly results: readonly { readonly shape: readonly number[]; readonly data: readonly number[] }[]
}

/** Written by onnx-runtime.py, which says how inputs are made. */
const cases: Readonly<Record<string, Case>> = JSON.parse(
  readFileSync(new URL('onnx-runtime.json', import.meta.url), 'utf8'),
)

function content(k: number, { shape, kind }: Input): number[] {
  const count = shape.reduce((p, d) => p * d, 1)
  const wave = (i: number) => Math.sin(k + 1 + 1.7 * i)
  if (kind === 'float32') return Array.from({ length: count }, (_, i) => 0.9 * wave(i))
  if (kind === 'int32') return Array.from({ length: count }, (_, i) => Math.trunc(1000 * wave(i)))
  const low = kind === 'int8' ? -128 : 0
  return Array.from({ length: count }, (_, i) => low + ((37 * i + 11 * k) % 256))
}

const floatAttributes = ['alpha', 'beta', 'epsilon', 'activation_alpha']

const attributesOf = (attributes: Case['attributes']): Record<string, AttributeValue> =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => {
      if (name === 'activation_params') return [name, floats(value as number[])]
      return [name, floatAttributes.includes(name) ? float(value as number) : value]
    }),
  )

describe.each(Object.entries(cases))('%s', (_, given) => {
  const b = new GraphBuilder('one', 17)
  const feeds = new Map<string, HostTensor>()
  const inputs = given.inputs.map((input, k) => {
    if (!input) return ''
    const name = `x${k}`
    if (input.values) return b.constant(name, tensorOf(input.kind, input.shape, input.values))
    feeds.set(name, hostTensor(input.kind, input.shape, content(k, input)))
    return b.input(name, input.kind, input.shape)
  })
  b.node(given.op, inputs, attributesOf(given.attributes), { domain: 'com.microsoft', outputs: given.outputs })
  const made = given.outputs.filter((name) => name !== '')
  for (const name of made) b.output(name)
  const model = b.model()

  it.each(backends)('is what ONNX Runtime gives, on $name', async ({ run }) => {
    const results = await run(model, feeds)
    given.results.forEach(({ shape, data }, i) => {
      const got = results.get(made[i]!)!
      expect(got.shape).toEqual(shape)
      const values = Array.from(hostValues(got))
      const tolerance = got.elementType === 'float32' ? 2e-6 : 0
      const wrong = data.flatMap((v, at) => {
        const value = values[at]!
        return Math.abs(value - v) <= tolerance ? [] : [`element ${at}: ${value}, ONNX Runtime says ${v}`]
      })
      expect(wrong).toEqual([])
    })
  })
})
