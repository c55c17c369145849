// Every backend against the values that the ONNX project recorded for its own node tests.

import { expect, it } from 'vitest'
import { type ElementType, isFloating } from '../src/base/index.ts'
import { inlineFunctions, type Model, type Tensor } from '../src/graph/index.ts'
import { memorySource, readModel } from '../src/onnx/index.ts'
import { operators } from '../src/ops/index.ts'
import { fromStored, type HostTensor, hostValues, isHostElementType, UnsupportedError } from '../src/runtime/index.ts'
import { backends, foreignBackend, type TestedBackend } from '../src/testing/backends.ts'
import { onnxNodeTests } from '../src/testing/onnx-node-tests.ts'
import { recordedTensor } from '../src/testing/recorded-tensor.ts'
import { describeShared } from '../src/testing/shared.ts'

/** |got − expected| ≤ absolute + relative · |expected|, by the output's element type; everything else must be equal. */
const tolerances: Partial<Record<ElementType, { readonly relative: number; readonly absolute: number }>> = {
  float32: { relative: 1e-4, absolute: 1e-5 },
  float64: { relative: 1e-5, absolute: 1e-7 },
  float16: { relative: 2e-3, absolute: 1e-3 },
  bfloat16: { relative: 1e-2, absolute: 1e-2 },
}

/** Tests whose inputs and outputs onnx wrote down with four decimals, and what that allows. */
const fourDecimals = { relative: 0, absolute: 1e-4 }
const coarse = [
  'test_averagepool_2d_ceil_last_window_starts_on_pad',
  'test_gridsample_bicubic',
  'test_roialign_aligned_false',
  'test_roialign_aligned_true',
]

interface Case {
  readonly name: string
  readonly model: Model
  readonly dataSets: readonly { readonly inputs: readonly Tensor[]; readonly outputs: readonly Tensor[] }[]
}

/** Why a test is none of ours; undefined when it is. */
function notCovered({ graph }: Model): string | undefined {
  const unknown = graph.nodes.find((n) => !operators.get(n.domain, n.opType))
  if (unknown) return `operator ${unknown.domain === '' ? '' : `${unknown.domain}.`}${unknown.opType}`
  const tensors = [...graph.inputs, ...graph.outputs].every((v) => v.type?.kind === 'tensor')
  return tensors ? undefined : 'sequence, optional or sparse value'
}

/** What is wrong with an output; undefined: nothing. */
function difference(got: HostTensor | undefined, recorded: Tensor, isCoarse: boolean): string | undefined {
  const wanted = `${recorded.elementType} [${recorded.shape}]`
  if (!got) return 'it is missing'
  if (`${got.elementType} [${got.shape}]` !== wanted)
    return `it is ${got.elementType} [${got.shape}], onnx says ${wanted}`
  const { relative, absolute } = isCoarse
    ? fourDecimals
    : (tolerances[recorded.elementType] ?? { relative: 0, absolute: 0 })
  if (isFloating(recorded.elementType) && absolute === 0) return `no tolerance is declared for ${recorded.elementType}`
  const expected = hostValues(fromStored(recorded))
  const values = hostValues(got)
  const at = expected.findIndex((e, i) => {
    const v = values[i]!
    return !(Object.is(v, e) || v === e || Math.abs(v - e) <= absolute + relative * Math.abs(e))
  })
  return at < 0 ? undefined : `element ${at} is ${values[at]}, onnx says ${expected[at]}`
}

async function failureOf(backend: TestedBackend, { name, model, dataSets }: Case): Promise<string | undefined> {
  for (const { inputs, outputs } of dataSets) {
    try {
      const odd = [...inputs, ...outputs].find((t) => !isHostElementType(t.elementType))
      if (odd) return `${odd.elementType} tensors have no host representation`
      const feeds = new Map(inputs.map((t, i) => [model.graph.inputs[i]?.name as string, fromStored(t)] as const))
      const results = await backend.run(model, feeds)
      for (const [i, recorded] of outputs.entries()) {
        const problem = difference(results.get(model.graph.outputs[i]?.name as string), recorded, coarse.includes(name))
        if (problem) return `output ${i}: ${problem}`
      }
    } catch (error) {
      return error instanceof UnsupportedError ? `unsupported: ${error.message}` : String(error)
    }
  }
  return undefined
}

/** The entry of a table of exclusions that is for a test. */
function exclusionOf(name: string, exclusions: TestedBackend['exclusions']): string | undefined {
  return Object.keys(exclusions).find((key) =>
    key.endsWith('*') ? name.startsWith(`test_${key.slice(0, -1)}`) : name === `test_${key}`,
  )
}

describeShared('values against the ONNX node tests', () => {
  const tests = onnxNodeTests().filter((t) => t.name.startsWith('node/'))
  const cases = tests.flatMap(({ name, model: bytes, dataSets }): Case[] => {
    // Model-local functions are inlined first: the tests of an operator's function body are tests of what it is made of.
    const model = inlineFunctions(readModel(memorySource(bytes, name)), operators)
    if (notCovered(model)) return []
    const read = (list: readonly Uint8Array[]) => list.map(recordedTensor)
    const sets = dataSets.map(({ inputs, outputs }) => ({ inputs: read(inputs), outputs: read(outputs) }))
    return [{ name: name.slice('node/'.length), model, dataSets: sets }]
  })

  it.each([...backends, foreignBackend])('$name gives what onnx recorded', async (backend) => {
    const failures: string[] = []
    const failedAsExpected = new Set<string>()
    let passed = 0
    for (const test of cases) {
      const failure = await failureOf(backend, test)
      const exclusion = exclusionOf(test.name, backend.exclusions)
      if (failure && exclusion) failedAsExpected.add(exclusion)
      else if (exclusion) failures.push(`${test.name} passes: its exclusion ${exclusion} is to go`)
      else if (!failure) passed++
      else failures.push(`${test.name}: ${failure}`)
    }
    console.log(`${backend.name}: ${passed} of the ${cases.length} ONNX node tests of known operators pass.`)
    expect(failures).toEqual([])
    // None is excluded that is not there.
    expect([...failedAsExpected].sort()).toEqual(Object.keys(backend.exclusions).sort())
    expect(passed).toBeGreaterThanOrEqual(backend.passes)
  })
})
