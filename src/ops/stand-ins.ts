import type { FunctionDefinition } from '../graph/index.ts'
import { adderConvFunction } from './adderConv/function.ts'
import type { OpName } from './facts.ts'

/**
 * For operators of Kerf's own: functions of standard operators that stand for them in files, so that other runtimes run them. They take the version
 * of the standard operators in the model.
 */
export const standIns: { readonly [N in OpName]?: (opset: number) => FunctionDefinition } = {
  'ai.kerf:AdderConv': adderConvFunction,
}
