import { type ElementType, elementCount } from '../base/index.ts'
import type { Call, ChannelRule, Known, OperatorFacts } from '../graph/index.ts'
import { defineOperator } from './operator.ts'
import { required, typed, wrong } from './shared/check.ts'
import { elementTypeOf } from './shared/settings.ts'

interface RandomAttributes {
  readonly dtype: number | undefined
  readonly shape: readonly number[] | undefined
}

const given = (call: Call<RandomAttributes>): ElementType | undefined =>
  call.attributes.dtype === undefined ? undefined : elementTypeOf(call, call.attributes.dtype)

function shaped(call: Call<RandomAttributes>): Known {
  const { shape } = call.attributes
  if (!shape) throw wrong(call, 'the attribute shape is missing')
  return typed(given(call) ?? 'float32', shape)
}

function alike(call: Call<RandomAttributes>): Known {
  const x = required(call, 0)
  return typed(given(call) ?? x.elementType, x.shape)
}

/** Random numbers, of the shape of an attribute or of input 0 (whose content is not read). Counted as one evaluation per element. */
function randomTensor<const N extends string>(
  name: N,
  shape: 'shape' | 'like',
): OperatorFacts<RandomAttributes, N, ''> {
  return defineOperator({
    name,
    inputs: shape === 'like' ? ['input'] : [],
    attributes: (a): RandomAttributes => ({ dtype: a.int('dtype'), shape: a.ints('shape') }),
    infer: (call) => [shape === 'like' ? alike(call) : shaped(call)],
    computable: false,
    gradient: 'zero',
    cost: (call) => ({ others: elementCount(call.outputs[0]?.shape)! }),
    accesses: (call) => ({ reads: call.inputs.map(() => 0), writes: [elementCount(call.outputs[0]?.shape)!] }),
  })
}

export const randomChannels: ChannelRule = {
  tie: (call, ties) => ties.freezeInputs(`${call.node.opType} fills a tensor of the same size`),
}

export const random = {
  /** Normally distributed numbers in a given shape (ONNX RandomNormal). */
  randomNormal: randomTensor('RandomNormal', 'shape'),
  /** In the shape of another tensor (ONNX RandomNormalLike). */
  randomNormalLike: randomTensor('RandomNormalLike', 'like'),
  /** Uniformly distributed numbers in a given shape (ONNX RandomUniform). */
  randomUniform: randomTensor('RandomUniform', 'shape'),
  /** In the shape of another tensor (ONNX RandomUniformLike). */
  randomUniformLike: randomTensor('RandomUniformLike', 'like'),
}
