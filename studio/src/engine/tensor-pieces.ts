import { inMemory, type Tensor, tensorValues } from 'kerf/graph'

/** Elements that are decoded at a time; a multiple of 8, since some types share bytes. */
const pieceLength = 2 ** 18

/** The values of a tensor in order. What lies in a file is read piece by piece; what is computed when it is asked for is so once. */
export function* tensorPieces({ elementType, shape, data }: Tensor): Generator<Float64Array, undefined> {
  const count = shape.reduce((product, d) => product * d, 1)
  const source = data.streamed ? data : inMemory(data.bytes())
  for (let start = 0; start < count; start += pieceLength) {
    const length = Math.min(pieceLength, count - start)
    const [from, to] = [start, start + length].map((at) => Math.ceil((data.byteLength * at) / count)) as [
      number,
      number,
    ]
    yield tensorValues({ elementType, shape: [length], data: inMemory(source.bytes(from, to - from)) })
  }
}
