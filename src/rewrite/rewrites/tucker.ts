import { addProducts, eigen, squares, transposed } from '../../algebra/index.ts'
import type { Turn } from '../../base/index.ts'
import type { Kernel, KernelShape } from '../convolution.ts'
import { type Decomposition, factorRewrite, ofGroup } from '../factors.ts'
import { numbersSetting } from '../settings.ts'

/*
 * HOSVD over the two channel axes. U₁ are the eigenvectors of W's Gram matrix over input channels, U₂ those over output channels; the core G = W ×_in U₁ᵀ ×_out U₂ᵀ has the size of
 * W, and W = G ×_in U₁ ×_out U₂. The first r₁ and r₂ make a 1×1 convolution, the k×k one of the core's first part, and a 1×1 one. Since the vectors are
 * orthonormal, what is lost is what is left of the core: ‖W‖² − ‖G[:r₂, :r₁]‖², exactly, for any two ranks.
 */

/** Convolutions become 1×1 ones, ones of fewer channels, and 1×1 ones behind. */
export const tucker = factorRewrite<readonly number[]>({
  name: 'tucker',
  title: 'Tucker-2 convolutions',
  summary:
    'Convolutions become 1×1 ones to R1 channels, ones from R1 to R2 with the same window, and 1×1 ones behind (--rank R1,R2).',
  source: 'Kim et al., Compression of Deep Convolutional Neural Networks, ICLR 2016',
  rank: numbersSetting(2, 'channels between the first and second, and the second and third', { least: 1, whole: true }),

  mostRank: most,

  shapesAt({ groups, outChannels, inChannels, window }, [inRank = 1, outRank = 1]) {
    const ones = window.map(() => 1)
    const [none, all] = [window.map(() => false), window.map(() => true)]
    return [
      { role: 'squeeze', shape: [groups * inRank, inChannels, ...ones], groups, slides: none },
      { role: 'core', shape: [groups * outRank, inRank, ...window], groups, slides: all },
      { role: 'pointwise', shape: [groups * outChannels, outRank, ...ones], groups, slides: none },
    ]
  },

  async decompose(kernel, turn): Promise<Decomposition<readonly number[]>> {
    const { groups, outChannels, inChannels, taps } = kernel
    const parts: Part[] = []
    for (let g = 0; g < groups; g++) parts.push(await partOf(kernel, g, turn))
    const size = squares(kernel.values)
    const [mostIn, mostOut] = most(kernel)
    const errorAt = ([inRank = 1, outRank = 1]: readonly number[]) =>
      // Of full rank the difference is rounding.
      inRank >= mostIn && outRank >= mostOut
        ? 0
        : Math.max(0, size - parts.reduce((sum, { kept }) => sum + kept[outRank * (inChannels + 1) + inRank]!, 0))
    return {
      size,
      errorAt,
      ranks: pairs(kernel).map((rank) => ({ rank, error: errorAt(rank) })),
      async weightsAt([inRank = 1, outRank = 1]) {
        const squeeze = new Float64Array(groups * inRank * inChannels)
        const core = new Float64Array(groups * outRank * inRank * taps)
        const pointwise = new Float64Array(groups * outChannels * outRank)
        parts.forEach((part, g) => {
          squeeze.set(part.inputs.subarray(0, inRank * inChannels), g * inRank * inChannels)
          const expand = transposed(part.outputs.subarray(0, outRank * outChannels), outRank, outChannels)
          pointwise.set(expand, g * expand.length)
          for (let m = 0; m < outRank; m++) {
            const from = m * inChannels * taps
            core.set(part.core.subarray(from, from + inRank * taps), (g * outRank + m) * inRank * taps)
          }
        })
        return [squeeze, core, pointwise]
      },
      async errorOf([squeeze, core, pointwise], [inRank = 1, outRank = 1], turn) {
        let sum = 0
        for (let g = 0; g < groups; g++) {
          const inputs = transposed(ofGroup(squeeze!, groups, g), inRank, inChannels)
          // [outRank, inRank, taps] → [outRank, inChannels, taps] → [outChannels, inChannels, taps]
          const wide = await alongInputs(ofGroup(core!, groups, g), [outRank, inRank, taps], inputs, inChannels, turn)
          const rest = ofGroup(kernel.values, groups, g).slice()
          const columns = inChannels * taps
          const b = transposed(wide, outRank, columns)
          const a = ofGroup(pointwise!, groups, g)
          await addProducts({ a, b, n: outChannels, m: columns, terms: outRank, factor: -1 }, rest, turn)
          sum += squares(rest)
        }
        return sum
      },
    }
  },
})

function most({ outChannels, inChannels, taps }: KernelShape): [inRank: number, outRank: number] {
  return [Math.min(inChannels, outChannels * taps), Math.min(outChannels, inChannels * taps)]
}

/** What a group falls into. */
interface Part {
  /** Eigenvectors over input channels, one in each row. */
  readonly inputs: Float64Array
  /** The same over output channels. */
  readonly outputs: Float64Array
  /** [outChannels, inChannels, taps], in these. */
  readonly core: Float64Array
  /** ‖G[:i, :j]‖² at i·(inChannels + 1) + j. */
  readonly kept: Float64Array
}

async function partOf(kernel: Kernel, group: number, turn: Turn): Promise<Part> {
  const { outChannels, inChannels, taps, groups } = kernel
  const w = ofGroup(kernel.values, groups, group)
  const columns = inChannels * taps
  const outputs = await vectorsOf(w, outChannels, columns, turn)
  const inputs = await vectorsOf(byInputs(w, [outChannels, inChannels, taps]), inChannels, outChannels * taps, turn)
  const half = new Float64Array(w.length)
  const b = transposed(w, outChannels, columns)
  await addProducts({ a: outputs, b, n: outChannels, m: columns, terms: outChannels }, half, turn)
  const core = await alongInputs(half, [outChannels, inChannels, taps], inputs, inChannels, turn)
  const width = inChannels + 1
  const kept = new Float64Array((outChannels + 1) * width)
  for (let m = 0; m < outChannels; m++)
    for (let c = 0; c < inChannels; c++) {
      const at = (m * inChannels + c) * taps
      const own = squares(core.subarray(at, at + taps))
      const corner = (m + 1) * width + c + 1
      kept[corner] = own + kept[corner - 1]! + kept[corner - width]! - kept[corner - width - 1]!
    }
  return { inputs, outputs, core, kept }
}

/** Eigenvectors of A·Aᵀ, one in each row. */
async function vectorsOf(a: Float64Array, rows: number, columns: number, turn: Turn): Promise<Float64Array> {
  const gram = new Float64Array(rows * rows)
  await addProducts({ a, b: a, n: rows, m: rows, terms: columns, lower: true }, gram, turn)
  return (await eigen(gram, rows, turn)).vectors
}

/** [outChannels, inChannels, taps] → [inChannels, outChannels, taps]; and back, with the sizes exchanged. */
function byInputs(values: Float64Array, [outer, inner, taps]: readonly [number, number, number]): Float64Array {
  const out = new Float64Array(values.length)
  for (let i = 0, at = 0; i < outer; i++)
    for (let j = 0; j < inner; j++, at += taps) out.set(values.subarray(at, at + taps), (j * outer + i) * taps)
  return out
}

/** [outer, channels, taps] times `rows` [wanted, channels]: [outer, wanted, taps]. */
async function alongInputs(
  values: Float64Array,
  [outer, channels, taps]: readonly [number, number, number],
  rows: Float64Array,
  wanted: number,
  turn: Turn,
): Promise<Float64Array> {
  const b = transposed(byInputs(values, [outer, channels, taps]), channels, outer * taps)
  const out = new Float64Array(wanted * outer * taps)
  await addProducts({ a: rows, b, n: wanted, m: outer * taps, terms: channels }, out, turn)
  return byInputs(out, [wanted, outer, taps])
}

/** Ranks of an axis that are looked at, at most; of a wider one those are multiples of something. */
const mostRanks = 48

function pairs(kernel: KernelShape): [number, number][] {
  const [ins, outs] = most(kernel).map((full) => {
    const step = Math.ceil(full / mostRanks)
    const some = Array.from({ length: Math.ceil(full / step) - 1 }, (_, i) => (i + 1) * step)
    return [...some, full]
  })
  return ins!.flatMap((a) => outs!.map((b): [number, number] => [a, b]))
}
