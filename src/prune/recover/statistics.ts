import { KerfError, type Turn } from '../../base/index.ts'
import { type Analysis, type InferredCall, nodeLabel } from '../../graph/index.ts'
import type { Changes } from './changes.ts'
import { piecesOf } from './samples.ts'
import type { ImagePieces, StagedRun } from './staged-run.ts'

/** Means and variances of normalisations over all images, each behind those that were measured before it. */
export async function measureStatistics(
  cut: Analysis,
  run: StagedRun,
  changes: Changes,
  images: ImagePieces,
  turn: Turn,
): Promise<void> {
  for (const node of cut.model.graph.nodes) {
    const known = cut.calls.get(node)
    const slots = known?.operator.channels?.standardises?.(known.call as InferredCall)
    const [x = ''] = node.inputs
    if (!slots || cut.constants.has(x)) continue
    const names = [node.inputs[slots.mean]!, node.inputs[slots.variance]!] as const
    if (!names.every((n) => changes.canSet(n) && cut.consumers.get(n)?.length === 1)) continue
    await run.reach([x])
    await turn()
    const { mean, variance } = moments(run, x, images)
    if (![...mean, ...variance].every(Number.isFinite))
      throw new KerfError(
        'not-finite',
        `"${x}" holds values that are no numbers; the statistics of "${nodeLabel(node)}" cannot be measured.`,
      )
    changes.setValues(names[0], mean)
    changes.setValues(names[1], variance)
  }
}

/** Mean and variance of each channel (axis 1) over all images and places. */
function moments(run: StagedRun, value: string, images: ImagePieces) {
  const tensors = run.value(value)
  const pieces = piecesOf(tensors, images.count)
  const channels = tensors[0]!.shape[1]!
  const places = pieces[0]!.size / channels
  const sums = (of: (value: number, c: number) => number) => {
    const out = new Float64Array(channels)
    for (const { data, size, images: some } of pieces)
      for (let i = 0; i < some; i++)
        for (let c = 0; c < channels; c++) {
          let sum = 0
          const start = i * size + c * places
          for (let at = start; at < start + places; at++) sum += of(data[at]!, c)
          out[c] = out[c]! + sum
        }
    return out.map((sum) => sum / (places * images.count))
  }
  const mean = sums((v) => v)
  return { mean, variance: sums((v, c) => (v - mean[c]!) ** 2) }
}
