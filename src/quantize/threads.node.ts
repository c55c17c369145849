import type { Model } from '../graph/index.ts'
import { nodeRuntime } from '../runtime/index.node.ts'
import { type Quantized, type QuantizeOptions, quantize as quantizeIn } from './quantize.ts'

/** `quantize` with threads of Node. */
export function quantize(model: Model, options: QuantizeOptions): Promise<Quantized> {
  return quantizeIn(model, { runtime: nodeRuntime, ...options })
}
