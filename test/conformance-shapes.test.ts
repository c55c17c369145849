// Shape inference, and the values it follows, against the ONNX project's own backend node tests: what the operators say about their
// outputs must be what onnx recorded.

import { expect, it } from 'vitest'
import { type Dim, isFloating, type Shape } from '../src/base/index.ts'
import { analyse, type Graph, type Inference, type Model, type Tensor, tensorValues } from '../src/graph/index.ts'
import { memorySource, readModel } from '../src/onnx/index.ts'
import { operators } from '../src/ops/index.ts'
import { onnxNodeTests } from '../src/testing/onnx-node-tests.ts'
import { recordedTensor } from '../src/testing/recorded-tensor.ts'
import { describeShared } from '../src/testing/shared.ts'

/** Tests whose outputs' sizes cannot be inferred although their inputs' contents are known, by the name's beginning. */
const dataDependent: Readonly<Record<string, string>> = {
  test_nonmaxsuppression: 'how many boxes stay is what the operator computes',
  test_unique: 'how many elements are different is what the operator computes',
}

/** Tests whose recorded values are not ours, with the reason. */
const otherValues: Readonly<Record<string, string>> = {
  test_maxunpool_export_with_output_shape:
    'onnx counts the indices in the shape that the kernel gives, the specification in output_shape',
  test_resize_downsample_scales_cubic_align_corners: 'onnx divides by size · scale − 1, all runtimes by the length − 1',
  test_resize_downsample_scales_linear_align_corners:
    'onnx divides by size · scale − 1, all runtimes by the length − 1',
  test_training_dropout: 'onnx drops by random numbers, a run is inference and drops nothing',
}

interface Case {
  readonly name: string
  readonly model: Model
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
}

/** Why a test is not covered; undefined when it is. */
function notCovered(model: Model): string | undefined {
  const { graph } = model
  const unknown = graph.nodes.find((n) => !operators.get(n.domain, n.opType))
  if (unknown) return `operator ${unknown.domain === '' ? '' : `${unknown.domain}.`}${unknown.opType}`
  if (graph.nodes.some((n) => n.opType === 'Scan') && (model.opsetImports.get('') ?? 0) < 9)
    return 'the first version of Scan'
  if ([...graph.inputs, ...graph.outputs].some((v) => v.type?.kind === 'other'))
    return 'sequence, optional or sparse value'
  return undefined
}

/** The model with its graph inputs typed as given, and without anything that the file says about other values. */
function stripped(
  { model }: Case,
  inputs: Graph['inputs'],
  initializers: Graph['initializers'] = model.graph.initializers,
): Model {
  const outputs = model.graph.outputs.map(({ name }) => ({ name, type: undefined }))
  return { ...model, graph: { ...model.graph, inputs, outputs, initializers, valueInfo: new Map() } }
}

function withContents(test: Case): Model {
  const initializers = new Map([
    ...test.model.graph.initializers,
    ...test.model.graph.inputs.map((v, i) => [v.name, test.inputs[i]!] as const),
  ])
  return stripped(test, [], initializers)
}

function withShapes(test: Case, shapeOf: (input: number, shape: readonly number[]) => Shape): Model {
  const inputs = test.inputs.map((t, i) => {
    const name = test.model.graph.inputs[i]?.name as string
    return { name, type: { kind: 'tensor', elementType: t.elementType, shape: shapeOf(i, t.shape) } as const }
  })
  return stripped(test, inputs)
}

const label = (test: Case, output: number): string => `${test.name}, output ${output}`

/** Every output of every case, with what was inferred; what is thrown is a failure. */
function check(
  cases: readonly Case[],
  prepare: (test: Case) => Model,
  fails: (test: Case, output: number, inference: Inference) => string | undefined,
): string[] {
  return cases.flatMap((test) => {
    try {
      const inference = analyse(prepare(test), operators)
      return test.outputs.flatMap((_, i) => {
        const failure = fails(test, i, inference)
        return failure ? [`${label(test, i)}: ${failure}`] : []
      })
    } catch (error) {
      return [`${test.name}: ${error}`]
    }
  })
}

const known = (test: Case, output: number, inference: Inference) =>
  inference.values.get(test.model.graph.outputs[output]?.name as string)

/** The entry of a table whose beginning a test's name has. */
const entryOf = (name: string, table: Readonly<Record<string, string>>): string | undefined =>
  Object.keys(table).find((start) => name.slice('node/'.length).startsWith(start))

/** The first element that is not what was recorded. */
function difference(got: ArrayLike<number>, tensor: Tensor): string | undefined {
  const expected = tensorValues(tensor)
  const tolerance = !isFloating(tensor.elementType)
    ? 0
    : tensor.elementType === 'float32' || tensor.elementType === 'float64'
      ? 1e-4
      : 2e-2
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [got[i]!, expected[i]!]
    if (Object.is(a, b) || a === b || Math.abs(a - b) <= tolerance * (1 + Math.abs(b))) continue
    return `element ${i} is ${a}, onnx says ${b}`
  }
  return got.length === expected.length ? undefined : `${got.length} elements, onnx has ${expected.length}`
}

describeShared('shape inference against the ONNX node tests', () => {
  const tests = onnxNodeTests().filter((t) => t.name.startsWith('node/'))
  const reasons = new Map<string, number>()
  const cases: Case[] = []
  const covered = new Set<string>()
  for (const { name, model: bytes, dataSets } of tests) {
    const model = readModel(memorySource(bytes, name))
    const why = notCovered(model)
    if (why) {
      reasons.set(why, (reasons.get(why) ?? 0) + 1)
      continue
    }
    covered.add(name)
    for (const { inputs, outputs } of dataSets)
      cases.push({ name, model, inputs: inputs.map(recordedTensor), outputs: outputs.map(recordedTensor) })
  }

  it('covers the tests of every operator in the list', () => {
    console.log(`Shape inference covers ${covered.size} of the ${tests.length} ONNX node tests. Not covered:`)
    const lines = [...reasons].sort(([, a], [, b]) => b - a).map(([why, count]) => `${why} ${count}`)
    console.log(lines.join(', '))
    expect(tests.length).toBe(1802)
    expect(covered.size).toBeGreaterThanOrEqual(1435)
  })

  it('infers every recorded shape and element type when the inputs are known', () => {
    const excused = new Set<string>()
    const failures = check(cases, withContents, (test, i, inference) => {
      const got = known(test, i, inference)
      const { elementType, shape } = test.outputs[i]!
      const excuse = entryOf(test.name, dataDependent)
      const agrees = (d: Dim, axis: number) => {
        if (d === shape[axis]) return true
        if (excuse === undefined || typeof d === 'number') return false
        excused.add(excuse)
        return true
      }
      if (got?.shape?.length === shape.length && got.shape.every(agrees) && got.elementType === elementType)
        return undefined
      return `${got?.elementType} [${got?.shape ?? '?'}], onnx says ${elementType} [${shape}]`
    })
    expect(failures).toEqual([])
    expect([...excused].sort()).toEqual(Object.keys(dataDependent).sort())
  })

  it('follows values exactly', () => {
    let compared = 0
    const excused = new Set<string>()
    const failures = check(cases, withContents, (test, i, inference) => {
      const value = known(test, i, inference)?.value
      if (!value) return undefined
      compared++
      const problem = difference(value.data, test.outputs[i]!)
      const excuse = entryOf(test.name, otherValues)
      if (!problem || excuse === undefined) return problem
      excused.add(excuse)
      return undefined
    })
    expect([...excused]).toEqual(Object.keys(otherValues))
    console.log(`The values of ${compared} outputs are followed and compared.`)
    expect(failures).toEqual([])
    expect(compared).toBeGreaterThanOrEqual(1578)
  })

  it('never infers a wrong size when only the shapes of inputs are known', () => {
    const failures = check(
      cases,
      (test) => withShapes(test, (_, shape) => shape),
      (test, i, inference) => {
        const { shape } = test.outputs[i]!
        const got = known(test, i, inference)?.shape
        return !got ||
          (got.length === shape.length && got.every((d, axis) => typeof d === 'string' || d === shape[axis]))
          ? undefined
          : `[${got}], onnx says [${shape}]`
      },
    )
    expect(failures).toEqual([])
  })

  it('never infers a wrong size or symbol when sizes of inputs are symbols', () => {
    const failures = check(
      cases,
      (test) => withShapes(test, (input, shape) => shape.map((_, axis) => `d${input}_${axis}`)),
      (test, i, inference) => {
        const { shape } = test.outputs[i]!
        const got = known(test, i, inference)?.shape
        const sizeOf = (d: Dim) => {
          const at = typeof d === 'string' ? /^d(\d+)_(\d+)$/.exec(d) : null
          return at ? test.inputs[Number(at[1])]?.shape[Number(at[2])] : d
        }
        const agrees = (d: Dim, axis: number) => sizeOf(d) === shape[axis] || String(d).startsWith('?')
        return !got || (got.length === shape.length && got.every(agrees)) ? undefined : `[${got}], onnx says [${shape}]`
      },
    )
    expect(failures).toEqual([])
  })
})
