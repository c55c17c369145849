import { withDefaults } from '../base/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.node.ts'
import { nodeRuntime } from '../runtime/index.node.ts'
import {
  type IntegerNetwork,
  type IntegerOptions,
  quantizeIntegers as quantizeIntegersIn,
} from './integer/quantize-integers.ts'
import { type Quantized, type QuantizeOptions, quantize as quantizeIn } from './quantize.ts'

/** `quantize` with threads of Node, and paths of files. */
export async function quantize(source: ModelSource, options: QuantizeOptions): Promise<Quantized> {
  return quantizeIn(await modelOf(source, options), withDefaults(options, { runtime: nodeRuntime }))
}

/** `quantizeIntegers` with threads of Node, and paths of files. */
export async function quantizeIntegers(source: ModelSource, options: IntegerOptions): Promise<IntegerNetwork> {
  return quantizeIntegersIn(await modelOf(source, options), withDefaults(options, { runtime: nodeRuntime }))
}
