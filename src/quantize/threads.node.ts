import { type ModelSource, modelOf } from '../onnx/index.node.ts'
import { nodeRuntime } from '../runtime/index.node.ts'
import { type Quantized, type QuantizeOptions, quantize as quantizeIn } from './quantize.ts'

/** `quantize` with threads of Node, and paths of files. */
export async function quantize(source: ModelSource, options: QuantizeOptions): Promise<Quantized> {
  return quantizeIn(await modelOf(source, options), { runtime: nodeRuntime, ...options })
}
