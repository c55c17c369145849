import { elementCount } from '../../base/index.ts'
import type { AttributeReader, Call, InferredCall } from '../../graph/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from '../operator.ts'
import { gradientOf } from '../shared/backward.ts'
import { commonType, required, typed, wrong } from '../shared/check.ts'
import { arithmetic, doubles } from '../shared/numbers.ts'
import { type Sampling, sample, sampleBack } from './forward.ts'

const modes = { nearest: 0, bilinear: 2, linear: 2, bicubic: 4, cubic: 4 } as const

/** Taps per axis of an interpolation, 0 for none. */
export const interpolationTaps = ({ attributes }: Call<Pick<Sampling, 'mode'>>): number => modes[attributes.mode]

export const gridSampleAttributes = (a: AttributeReader): Sampling => ({
  mode: a.choice('mode', ['nearest', 'bilinear', 'linear', 'bicubic', 'cubic'], 'linear'),
  paddingMode: a.choice('padding_mode', ['zeros', 'border', 'reflection'], 'zeros'),
  alignCorners: a.flag('align_corners'),
})

/**
 * Y[n, c, p] = X[n, c] interpolated at the place grid[n, p] (ONNX GridSample). X [N, C, space…], grid [N, out…, axes], Y [N, C, out…].
 *
 * Counted: one multiplication and one addition per tap of each output element (2^d taps linear, 4^d cubic, none nearest), and one
 * other operation per coordinate of the grid, which is scaled or rounded.
 */
export const gridSample = defineOperator({
  name: 'GridSample',
  inputs: ['X [N, C, …]', 'grid: floating [N, …]'],
  attributes: gridSampleAttributes,
  infer: (call) => {
    const x = required(call, 0)
    const grid = required(call, 1).shape
    if (!x.shape || !grid) return [typed(x.elementType, undefined)]
    const space = x.shape.length - 2
    if (grid.length !== x.shape.length || (typeof grid.at(-1) === 'number' && grid.at(-1) !== space))
      throw wrong(call, `the grid should have ${x.shape.length} dimensions, the last of size ${space}`)
    return [typed(x.elementType, [...x.shape.slice(0, 2), ...grid.slice(1, -1)])]
  },
  cost: (call: InferredCall<Sampling>) => {
    const space = (call.inputs[0]?.shape?.length ?? 0) - 2
    const perTap =
      interpolationTaps(call) === 0 ? 0 : interpolationTaps(call) ** space * elementCount(call.outputs[0]?.shape)!
    return { muls: perTap, adds: perTap, others: elementCount(call.inputs[1]?.shape)! }
  },
})

export const gridSampleReference: ReferenceOf<typeof gridSample> = {
  forward: (call, [x, grid]) =>
    x && grid ? [arithmetic(x.elementType, sample(doubles(x), grid, call.attributes))] : [],
}

export const gridSampleTraining: TrainingOf<typeof gridSample> = {
  backward: (call) => {
    const [x, grid] = call.node.inputs as [string, string]
    const { mode, paddingMode, alignCorners } = call.attributes
    const attributes = { mode, padding_mode: paddingMode, align_corners: alignCorners ? 1 : 0 }
    return call.emit.nodes('GridSampleGradient', [gradientOf(call), x, grid], 2, attributes, 'ai.kerf')
  },
}

/*
 * dX[n,c,q] = Σ_p w(q, grid[n,p]) · dY[n,c,p]      dGrid[n,p,a] = Σ_c Σ_q ∂w(q, grid[n,p])/∂grid[n,p,a] · X[n,c,q] · dY[n,c,p]
 *
 * The gradients of GridSample, w the weight of an element at a place. Where places are nearest, or clamped to the border, they do not move with the
 * grid. Inputs dY [N, C, out…], X [N, C, space…], grid [N, out…, axes]; attributes as GridSample. In training graphs only.
 */

/** Cost: per element that is part of a point, one multiplication and addition for X, two for each coordinate. */
export const gridSampleGradient = defineOperator({
  name: 'GridSampleGradient',
  domain: 'ai.kerf',
  inputs: ['dY: floating [N, C, …]', 'X: floating [N, C, …]', 'grid: floating [N, …]'],
  attributes: gridSampleAttributes,
  infer: (call) => [
    typed(commonType(call, [0, 1]), required(call, 1).shape),
    typed(required(call, 2).elementType, required(call, 2).shape),
  ],
  cost: (call) => {
    const space = (call.inputs[1]?.shape?.length ?? 0) - 2
    const terms = Math.max(1, interpolationTaps(call)) ** space * elementCount(call.inputs[0]?.shape)!
    return {
      muls: (1 + 2 * space) * terms,
      adds: (1 + space) * terms,
      others: elementCount(call.inputs[2]?.shape)!,
    }
  },
})

export const gridSampleGradientReference: ReferenceOf<typeof gridSampleGradient> = {
  forward: (call, [dy, x, grid]) => {
    if (!dy || !x || !grid) return []
    const [dx, dGrid] = sampleBack(dy, doubles(x), grid, call.attributes)
    return [arithmetic(x.elementType, dx), arithmetic(grid.elementType, dGrid)]
  },
}
