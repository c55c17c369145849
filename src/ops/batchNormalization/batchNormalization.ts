import { elementCount } from '../../base/index.ts'
import type { Affine, Dense, Known } from '../../graph/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from '../operator.ts'
import { commonType, dense, required, typed, wrong } from '../shared/check.ts'
import { setsAlong } from '../shared/indices.ts'
import { checkVectors, statisticsCost } from '../shared/normalise.ts'
import { type Moments, momentsOf, perChannel, scaledAndShifted } from '../shared/normalise-forward.ts'
import { arithmetic, broadcastTo, type Doubles, doubles } from '../shared/numbers.ts'
import type { BatchNormalizationAttributes } from './attributes.ts'
import { batchNormalizationBackward } from './backward.ts'
import { batchNormalizationForm, batchNormalizationInference } from './training.ts'

/*
 * y = (x − mean[c]) / √(var[c] + epsilon) · scale[c] + bias[c]        (ONNX BatchNormalization, opset 7, 9, 14, 15)
 *
 * X [N, C, …]; scale, bias, mean, var [C], or with spatial = 0 (before opset 9) [C, …].
 */

/** Mean and variance of every channel over batch and space. */
function batchMoments(x: Doubles): { mean: Dense; variance: Dense } {
  const { starts, offsets } = setsAlong(
    x.shape,
    x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis])),
  )
  const moments = Array.from(starts, (start) => momentsOf(x.data, start, offsets))
  const vector = (of: (m: Moments) => number) => dense('float64', [moments.length], moments.map(of))
  return { mean: vector((m) => m.mean), variance: vector((m) => m.variance) }
}

/** In inference, y = x · scale[c] + shift[c]. */
function folded([gamma, beta, mean, variance]: readonly ArrayLike<number>[], epsilon: number): Affine {
  const scale = Float32Array.from(gamma!, (g, c) => g / Math.sqrt(variance![c]! + epsilon))
  const shift = Float32Array.from(beta!, (b, c) => b - mean![c]! * scale[c]!)
  return { scale, shift }
}

/**
 * Cost in inference: one multiplication and one addition per element (mean, variance, scale and bias folded into two numbers per
 * channel). With training_mode = 1: mean and variance of the batch as for InstanceNormalization, and the running averages.
 */
export const batchNormalization = defineOperator({
  name: 'BatchNormalization',
  inputs: ['X: floating [N, …]', 'scale: floating', 'B: =scale', 'mean: floating', 'var: =mean'],
  attributes: (a, opset): BatchNormalizationAttributes => ({
    perElement: opset < 9 && !a.flag('spatial', true),
    // An attribute of opset 14; training graphs of older models have it too.
    training: a.flag('training_mode'),
    epsilon: a.float('epsilon', 1e-5),
    momentum: a.float('momentum', 0.9),
  }),
  infer: (call) => {
    const x = required(call, 0)
    const scale = required(call, 1)
    for (let i = 2; i < 5; i++) required(call, i)
    if (x.shape && x.shape.length < 1) throw wrong(call, 'the input is a scalar')
    if (call.attributes.training && call.attributes.perElement)
      throw wrong(call, 'statistics per element (spatial = 0) cannot be trained', 'Set spatial to 1.')
    // One dimension: a batch of single values, one channel.
    if (!call.attributes.perElement)
      checkVectors(call, [1, 2, 3, 4], x.shape?.length === 1 ? 1 : x.shape?.[1], 'channels')
    const statistics = typed(call.inputs[3]?.elementType ?? x.elementType, call.inputs[3]?.shape ?? scale.shape)
    const outputs: Known[] = [typed(x.elementType, x.shape), statistics, statistics, statistics, statistics]
    return outputs.slice(0, call.node.outputs.length)
  },
  cost: (call) => {
    const n = elementCount(call.outputs[0]?.shape)!
    if (!call.attributes.training) return { adds: n, muls: n }
    const channels = elementCount(call.inputs[1]?.shape)!
    const { adds = 0, muls = 0, ...rest } = statisticsCost(n, channels, { mean: true, scale: true, bias: true })
    return { adds: adds + 2 * channels, muls: muls + 4 * channels, ...rest }
  },
  parameters: [1, 2],
  fusion: 'follower',
  epilogue: ({ attributes: { training, perElement, epsilon } }) =>
    training || perElement
      ? undefined
      : { kind: 'affine', parameters: [1, 2, 3, 4], added: 2, from: (parameters) => folded(parameters, epsilon) },
})

export const batchNormalizationReference: ReferenceOf<typeof batchNormalization> = {
  forward: (call, inputs) => {
    const [x, scale, bias, mean, variance] = inputs
    if (!x || !scale || !bias || !mean || !variance) return []
    const { training, perElement, epsilon, momentum } = call.attributes
    const spread = (p: Dense) => broadcastTo(perElement ? p : perChannel(p, x.shape.length), x.shape)
    const moments = training ? batchMoments(doubles(x)) : undefined
    const [centre, square] = moments
      ? [moments.mean, moments.variance].map((m) => spread(m))
      : [spread(mean), spread(variance)]
    const data = doubles(x).data.map((v, i) => (v - centre![i]!) / Math.sqrt(square![i]! + epsilon))
    const y = arithmetic(x.elementType, scaledAndShifted({ shape: x.shape, data }, spread(scale), spread(bias)))
    if (!moments) return [y]
    const running = (before: Dense, now: Dense) =>
      arithmetic(before.elementType, {
        shape: before.shape,
        data: doubles(before).data.map((v, i) => v * momentum + now.data[i]! * (1 - momentum)),
      })
    return [y, running(mean, moments.mean), running(variance, moments.variance)].slice(0, call.node.outputs.length)
  },
}

export const batchNormalizationTraining: TrainingOf<typeof batchNormalization> = {
  backward: batchNormalizationBackward,
  training: batchNormalizationForm,
  inference: batchNormalizationInference,
}

/*
 * Gradients of BatchNormalization in training mode, with m elements per channel, x̂ = (x − mean) / √(var + ε):
 *
 *   dscale = Σ dY·x̂      dbias = Σ dY      dX = scale / √(var + ε) · (dY − dbias/m − x̂·dscale/m)
 *
 * (Ioffe and Szegedy 2015, section 3.) Inputs dY, X [N, C, …], scale [C]; outputs dX, dscale, dbias; attribute epsilon. Mean and variance are
 * calculated again from X rather than kept. In training graphs only.
 */

export interface BatchNormalizationGradientAttributes {
  readonly epsilon: number
}

/** Cost: the statistics again (2 additions and a multiplication per element), two sums and the affine step. */
export const batchNormalizationGradient = defineOperator({
  name: 'BatchNormalizationGradient',
  domain: 'ai.kerf',
  inputs: ['dY: floating [N, C, …]', 'X: floating [N, C, …]', 'scale: floating [C]'],
  attributes: (a): BatchNormalizationGradientAttributes => ({ epsilon: a.float('epsilon', 1e-5) }),
  infer: (call) => {
    const type = commonType(call, [0, 1, 2])
    const { shape } = required(call, 2)
    return [typed(type, required(call, 1).shape), typed(type, shape), typed(type, shape)]
  },
  cost: (call) => {
    const n = elementCount(call.inputs[0]?.shape)!
    return { adds: 7 * n, muls: 5 * n }
  },
})

export const batchNormalizationGradientReference: ReferenceOf<typeof batchNormalizationGradient> = {
  forward: (call, [dy, x, scale]) => {
    if (!dy || !x || !scale) return []
    const { epsilon } = call.attributes
    const [g, v] = [doubles(dy).data, doubles(x).data]
    const channels = x.shape[1]!
    const dx = new Float64Array(v.length)
    const dScale = new Float64Array(channels)
    const dBias = new Float64Array(channels)
    const { starts, offsets } = setsAlong(
      x.shape,
      x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis])),
    )
    starts.forEach((start, c) => {
      const { mean, variance } = momentsOf(v, start, offsets)
      const inverse = 1 / Math.sqrt(variance + epsilon)
      const normalised = (at: number) => (v[at]! - mean) * inverse
      for (const offset of offsets) {
        dBias[c] = dBias[c]! + g[start + offset]!
        dScale[c] = dScale[c]! + g[start + offset]! * normalised(start + offset)
      }
      const factor = scale.data[c]! * inverse
      for (const offset of offsets) {
        const at = start + offset
        const rest = (dBias[c]! + normalised(at) * dScale[c]!) / offsets.length
        dx[at] = factor * (g[at]! - rest)
      }
    })
    const vector = (data: Float64Array) => dense(x.elementType, [channels], data)
    return [dense(x.elementType, x.shape, dx), vector(dScale), vector(dBias)]
  },
}
