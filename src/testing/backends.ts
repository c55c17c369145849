// The backends that the conformance suites run, and what each of them is excused from.

import type { Model } from '../graph/index.ts'
import { type Backend, type BackendName, createSession, type HostTensor } from '../runtime/index.ts'
import { doubles } from './doubles.ts'

export interface TestedBackend {
  readonly name: string
  run(model: Model, feeds: ReadonlyMap<string, HostTensor>): Promise<ReadonlyMap<string, HostTensor>>
  /** ONNX node tests that this backend does not pass, with the reason: a name without `test_`, or the beginning of several with `*`. */
  readonly exclusions: Readonly<Record<string, string>>
  /** How many ONNX node tests it passes at least. */
  readonly passes: number
}

const noStrings = 'strings are not calculated with'
const noNarrowFloats = 'numbers are not rounded to floats of 8 bits and less'
const alignedCorners = 'onnx divides by size · scale − 1, ONNX Runtime and PyTorch by the whole output length − 1'
const randomNumbers = 'what is drawn at random cannot be compared'

/** Shared by all: what the operators' scalar references leave out. */
const leftOut: TestedBackend['exclusions'] = {
  'bernoulli*': randomNumbers,
  'cast_FLOAT_to_FLOAT4*': noNarrowFloats,
  'cast_FLOAT_to_FLOAT8*': noNarrowFloats,
  'cast_FLOAT16_to_FLOAT4*': noNarrowFloats,
  'cast_FLOAT16_to_FLOAT8*': noNarrowFloats,
  'cast_e8m0_FLOAT_to*': noNarrowFloats,
  'cast_e8m0_FLOAT16_to*': noNarrowFloats,
  'cast_no_saturate*': noNarrowFloats,
  'castlike_FLOAT_to_FLOAT4*': noNarrowFloats,
  'castlike_FLOAT_to_FLOAT8*': noNarrowFloats,
  'castlike_FLOAT16_to_FLOAT4*': noNarrowFloats,
  'castlike_FLOAT16_to_FLOAT8*': noNarrowFloats,
  'castlike_no_saturate*': noNarrowFloats,
  'equal_string*': noStrings,
  maxunpool_export_with_output_shape:
    'onnx counts the indices in the shape that the kernel gives, and the specification (as ONNX Runtime) in output_shape',
  quantizelinear_e4m3fn: noNarrowFloats,
  quantizelinear_e5m2: noNarrowFloats,
  quantizelinear_float4e2m1: noNarrowFloats,
  resize_downsample_scales_cubic_align_corners: alignedCorners,
  resize_downsample_scales_linear_align_corners: alignedCorners,
  scan_sum: 'the first version of Scan, which has a batch axis, is not run',
  training_dropout: randomNumbers,
  training_dropout_default: randomNumbers,
  training_dropout_default_mask: randomNumbers,
  training_dropout_mask: randomNumbers,
}

/** Runs a model once. */
const runOn =
  (backend: BackendName | Backend): TestedBackend['run'] =>
  async (model, feeds) => {
    const inputShapes = new Map([...feeds].map(([name, t]) => [name, t.shape]))
    const session = await createSession(model, { backend, inputShapes, onNotice: () => {} })
    try {
      return new Map(Object.entries(await session.run(Object.fromEntries(feeds))))
    } finally {
      await session.dispose()
    }
  }

/** Kerf's own. */
export const backends: readonly TestedBackend[] = [
  { name: 'reference', run: runOn('reference'), exclusions: leftOut, passes: 1395 },
  { name: 'wasm', run: runOn('wasm'), exclusions: leftOut, passes: 1395 },
]

/** A backend that somebody else might have written. */
export const foreignBackend: TestedBackend = {
  name: 'doubles',
  run: runOn(doubles),
  exclusions: leftOut,
  passes: 1395,
}
