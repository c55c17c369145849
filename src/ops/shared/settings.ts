import { type ElementType, elementTypes } from '../../base/index.ts'
import type { Call } from '../../graph/index.ts'
import { axisOf, contentOf, wrong } from './check.ts'

/** Axes, pads, sizes …: an attribute in older operator sets, an input in newer ones. */
export interface Setting {
  /** Whether the node has it at all. */
  readonly given: boolean
  /** undefined: not given, or it depends on data. */
  readonly values: readonly number[] | undefined
  /** How many values there are; undefined when that is not known. */
  readonly count: number | undefined
}

/**
 * Reads a setting; an input wins over the attribute of the same meaning.
 * @throws NodeError where the input is no vector, or holds what is no whole number: a file may give it as floating-point numbers
 */
export function setting(call: Call, attribute: readonly number[] | undefined, input: number): Setting {
  const known = call.inputs[input]
  if (!known) return { given: attribute !== undefined, values: attribute, count: attribute?.length }
  if (known.shape && known.shape.length > 1)
    throw wrong(call, `input ${input} should be a vector, has ${known.shape.length} dimensions`)
  const size = known.shape?.length === 0 ? 1 : known.shape?.[0]
  const values = contentOf(call, input)
  const broken = values?.find((v) => !Number.isInteger(v))
  if (broken !== undefined)
    throw wrong(
      call,
      `${broken} in input ${input} is no whole number`,
      'Export the model again, or put a Cast before it.',
    )
  return { given: true, values, count: typeof size === 'number' ? size : undefined }
}

/** Axes counted from 0. @throws NodeError when one is out of range or named twice */
export function distinctAxes(call: Call, axes: readonly number[], rank: number): number[] {
  const normal = axes.map((a) => axisOf(call, a, rank))
  if (new Set(normal).size < normal.length) throw wrong(call, `axes [${axes}] name one axis twice`)
  return normal
}

/** ONNX's number of the element type that it names `FLOAT`, `DOUBLE`, `INT64` …; 0, which is none, for other names. */
export function elementTypeCode(name: string): number {
  const own = { FLOAT: 'float32', DOUBLE: 'float64' }[name] ?? name.toLowerCase()
  return elementTypes.indexOf(own as ElementType) + 1
}

/** The element type that ONNX numbers `code` (`TensorProto.DataType`). @throws NodeError for a number that is none */
export function elementTypeOf(call: Call, code: number): ElementType {
  // `elementTypes` is in the order of ONNX's enumeration, which starts at 1.
  const type = elementTypes[code - 1]
  if (!type) throw wrong(call, `${code} is not the number of an ONNX element type`)
  return type
}
