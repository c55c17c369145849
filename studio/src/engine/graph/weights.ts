import type { Tensor } from 'kerf/graph'
import { shapeText } from 'kerf/report'
import { tensorPieces } from '../tensor-pieces.ts'
import type { WeightStatistics } from './types.ts'

const binCount = 48

/**
 * Reads a tensor twice, piece by piece, so that little of it is in memory and others have their turn in between: first what its values are like, then how they are
 * spread between the least and the most.
 */
export async function statisticsOf(name: string, tensor: Tensor): Promise<WeightStatistics> {
  const count = tensor.shape.reduce((p, d) => p * d, 1)
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  let [finite, zeros, mean, squares] = [0, 0, 0, 0]
  for await (const values of piecesInTurns(tensor))
    for (const v of values) {
      if (!Number.isFinite(v)) continue
      finite++
      if (v === 0) zeros++
      if (v < least) least = v
      if (v > most) most = v
      // Welford 1962: sums of squares lose what matters.
      const away = v - mean
      mean += away / finite
      squares += away * (v - mean)
    }
  const bins = new Uint32Array(binCount)
  const scale = most > least ? binCount / (most - least) : 0
  for await (const values of piecesInTurns(tensor))
    for (const v of values) {
      if (!Number.isFinite(v)) continue
      const bin = Math.min(binCount - 1, Math.floor((v - least) * scale))
      bins[bin] = bins[bin]! + 1
    }
  const known = (value: number) => (finite > 0 ? value : Number.NaN)
  return {
    ...{ name, shape: shapeText(tensor.shape), type: tensor.elementType, count, zeros, bins },
    ...{ least: known(least), most: known(most), mean: known(mean), deviation: known(Math.sqrt(squares / finite)) },
    nans: count - finite,
  }
}

/** The page's other questions have their turn between pieces. */
async function* piecesInTurns(tensor: Tensor): AsyncGenerator<Float64Array> {
  for (const values of tensorPieces(tensor)) {
    yield values
    await new Promise((resolve) => setTimeout(resolve))
  }
}
