import type { ConvLayer, ConvTensors } from './sizes.ts'

/** One convolution that a kernel does in one call; `pixel`, `row` and `image` are the steps between outputs in pixels. */
export interface Piece extends ConvLayer {
  readonly output: { readonly first: number; readonly pixel: number; readonly row: number; readonly image: number }
}

/** The output lies as NHWC has it. */
export const whole = (layer: ConvLayer): Piece => ({
  ...layer,
  output: { first: 0, pixel: 1, row: layer.outWidth, image: layer.outHeight * layer.outWidth },
})

/** Where a piece reads and writes. */
export type PieceTensors = Omit<ConvTensors, 'weights' | 'bias' | 'scale'>

/**
 * What kernels that find their inputs by a table (kernels/conv-table.ts) begin with.
 * @param zeros address of a pixel of zeros
 */
export function indirectArgs(piece: Piece, tensors: PieceTensors, zeros: number) {
  const { x, y, xPixel = piece.inChannels, yPixel = piece.outChannels, residual, lo, hi } = tensors
  const { output, batch, inHeight, inWidth, outHeight, outWidth, kernelHeight, kernelWidth } = piece
  const { strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft } = piece
  const pixelBytes = 4 * yPixel
  return {
    ...{ x, zeros, lo, hi },
    y: y + output.first * pixelBytes,
    residual: residual ? residual + output.first * pixelBytes : 0,
    ...{ inHeight, inWidth, inPixel: 4 * xPixel },
    ...{ batch, outHeight, outWidth },
    yPixel: output.pixel * pixelBytes,
    yRow: output.row * pixelBytes,
    yImage: output.image * pixelBytes,
    ...{ kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft },
  }
}
