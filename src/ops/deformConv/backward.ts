import { elementCount } from '../../base/index.ts'
import type { BackwardCall, BackwardRule } from '../../graph/index.ts'
import { perChannelSum } from '../conv/backward.ts'
import { gradientOf, shapeIn, shapeOut } from '../shared/backward.ts'
import { fromIndices } from '../shared/indices.ts'
import { slidingOf } from '../shared/sliding.ts'
import type { DeformConvAttributes } from './attributes.ts'

/*
 * The convolution is a product of W with patches, and the patches are X sampled at moved places, times the mask:
 *
 *   S = GridSample(X, places)    patches = M·S    Y = W·patches
 *   dW = dY·patchesᵀ    dPatches = Wᵀ·dY    dM = Σ_c dPatches·S    (dX, dPlaces) = GridSampleGradient(M·dPatches, X, places)
 *
 * GridSample counts from −1 to 1 over the borders: a place i of an axis of `size` elements is (2i + 1)/size − 1.
 */
export const deformConvBackward: BackwardRule<DeformConvAttributes> = (call) => {
  const { emit, node } = call
  const [x, w, offsets, , mask] = node.inputs as [string, string, string, string?, string?]
  const dy = gradientOf(call)
  const size = sizesOf(call)
  const { batch, inChannels, outChannels, blocks, taps, positions, space, groups } = size
  const multiply = (a: string, b: string, opType = 'Mul') => emit.node(opType, [a, b])
  const turned = (value: string, perm: readonly number[]) => emit.node('Transpose', [value], { perm })

  // Samples per block of channels that share offsets: [N·d, C/d, taps, places].
  const sampling = { mode: 'linear', padding_mode: 'zeros', align_corners: 0 }
  const image = emit.reshape(x, [batch * blocks, inChannels / blocks, ...space])
  const grid = places(call, offsets, size)
  const perTap = [batch * blocks, inChannels / blocks, taps, positions]
  const samples = () => emit.reshape(emit.node('GridSample', [image, grid], sampling), perTap)
  const weights = mask ? emit.reshape(mask, [batch * blocks, 1, taps, positions]) : undefined
  const weighted = (value: string) => (weights ? multiply(value, weights) : value)

  // Per group: dY [N, g, C_out/g, places], W [1, g, C_out/g, C_in/g·taps].
  const gradient = emit.reshape(dy, [batch, groups, outChannels / groups, positions])
  const filters = emit.reshape(w, [1, groups, outChannels / groups, (inChannels / groups) * taps])
  const patchGradient = () => emit.reshape(multiply(turned(filters, [0, 1, 3, 2]), gradient, 'MatMul'), perTap)

  const weightGradient = () => {
    const patches = emit.reshape(weighted(samples()), [batch, groups, (inChannels / groups) * taps, positions])
    const product = multiply(gradient, turned(patches, [0, 1, 3, 2]), 'MatMul')
    return emit.reshape(emit.sum(product, [0], false), shapeIn(call, 1))
  }
  const toSamples = call.needs(0) || call.needs(2) || call.needs(4) ? patchGradient() : undefined
  const [imageGradient, gridGradient] =
    toSamples && (call.needs(0) || call.needs(2))
      ? emit.nodes(
          'GridSampleGradient',
          [
            emit.reshape(weighted(toSamples), [batch * blocks, inChannels / blocks, ...gridShape(size).slice(1, -1)]),
            image,
            grid,
          ],
          2,
          sampling,
          'ai.kerf',
        )
      : []
  return [
    imageGradient && call.needs(0) ? emit.reshape(imageGradient, shapeIn(call, 0)) : undefined,
    call.needs(1) ? weightGradient() : undefined,
    gridGradient && call.needs(2) ? placesBack(call, gridGradient, size) : undefined,
    call.needs(3) ? perChannelSum(call, dy) : undefined,
    toSamples && call.needs(4)
      ? emit.reshape(emit.sum(multiply(toSamples, samples()), [1], false), shapeIn(call, 4))
      : undefined,
  ]
}

type Sizes = ReturnType<typeof sizesOf>

function sizesOf(call: BackwardCall<DeformConvAttributes>) {
  const [batch, inChannels, ...space] = shapeIn(call, 0) as [number, number, ...number[]]
  const [, outChannels, ...output] = shapeOut(call) as [number, number, ...number[]]
  const kernelShape = shapeIn(call, 1).slice(2)
  return {
    batch,
    inChannels,
    outChannels,
    space,
    output,
    kernelShape,
    taps: elementCount(kernelShape)!,
    positions: elementCount(output)!,
    blocks: call.attributes.offsetGroups,
    groups: call.attributes.groups,
  }
}

/** The offsets' axes apart: [N·d, taps, axes, out…], the axes in the order of space. */
const apart = ({ batch, blocks, taps, positions, space }: Sizes): number[] => [
  batch * blocks,
  taps,
  space.length,
  positions,
]

/** Where the taps lie, as GridSample has it: [N·d, taps, out…, axes], the last axis of space first. */
function places(call: BackwardCall<DeformConvAttributes>, offsets: string, size: Sizes): string {
  const { emit } = call
  const { space, taps, positions, output, kernelShape } = size
  const rank = space.length
  const { strides, dilations, pads } = slidingOf(call, call.attributes.window, kernelShape, space)
  const scale = space.map((length) => 2 / length)
  // Without offsets, and already between −1 and 1.
  const bases = fromIndices([...kernelShape, rank, ...output], (index) => {
    const axis = index[rank]!
    const [tap, position] = [index[axis]!, index[rank + 1 + axis]!]
    const place = position * strides[axis]! + tap * dilations[axis]! - pads[axis]!
    return (2 * place + 1) / space[axis]! - 1
  })
  const moves = emit.node('Mul', [emit.reshape(offsets, apart(size)), emit.floats(scale, [1, 1, rank, 1])])
  const at = emit.node('Add', [moves, emit.floats(Array.from(bases), [1, taps, rank, positions])])
  const last = emit.node('Transpose', [reversed(call, at, rank)], { perm: [0, 1, 3, 2] })
  return emit.reshape(last, gridShape(size))
}

/** GridSample wants as many axes of places as space has: the taps go along the first. */
const gridShape = ({ batch, blocks, taps, space, output }: Sizes): number[] => [
  batch * blocks,
  taps * output[0]!,
  ...output.slice(1),
  space.length,
]

/** Axis 2 from its end. */
const reversed = (call: BackwardCall, value: string, rank: number): string =>
  call.emit.node('Gather', [value, call.emit.ints(Array.from({ length: rank }, (_, i) => rank - 1 - i))], { axis: 2 })

/** The gradient of the offsets from that of the places. */
function placesBack(call: BackwardCall<DeformConvAttributes>, gradient: string, size: Sizes): string {
  const { emit } = call
  const { batch, blocks, taps, positions, space } = size
  const rank = space.length
  const inner = emit.reshape(gradient, [batch * blocks, taps, positions, rank])
  const moves = reversed(call, emit.node('Transpose', [inner], { perm: [0, 1, 3, 2] }), rank)
  const scale = emit.floats(
    space.map((length) => 2 / length),
    [1, 1, rank, 1],
  )
  return emit.reshape(emit.node('Mul', [moves, scale]), shapeIn(call, 2))
}
