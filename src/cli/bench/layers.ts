import { profileModel } from '../../api/cost.ts'
import type { Model } from '../../api/graph.ts'
import type { RunProfile, TaskTime } from '../../api/runtime.ts'

/** One part of a run: its time, and what it does by our own counts. */
export interface LayerTime {
  readonly name: string
  /** Operators, joined by +; of a conversion between layouts `layout`. */
  readonly op: string
  readonly kind: TaskTime['kind']
  readonly kernels: readonly string[]
  readonly outputShape: readonly number[]
  readonly timeMs: number
  /** Null where it cannot be counted. */
  readonly macs: number | null
  /** Additions, multiplications and others. */
  readonly operations: number | null
  /** Read and written, weights included, what fused nodes pass on left out. */
  readonly bytes: number | null
  /** Written although they were there already: copies, and other layouts. */
  readonly copiedBytes: number
}

/** Joins the times with the counts: a part of a run is a group of nodes that runs as one. */
export function layerTimes(
  model: Model,
  inputs: ReadonlyMap<string, readonly number[]>,
  { tasks }: RunProfile,
): LayerTime[] {
  const { layers } = profileModel(model, { inputs, groups: tasks.map((t) => t.outputs) })
  const counted = new Map(layers.flatMap((layer) => layer.outputs.map(({ name }) => [name, layer] as const)))
  return tasks.map((task): LayerTime => {
    const { kind, kernels, outputShape, timeMs, copiedBytes } = task
    const common = { kind, kernels, outputShape, timeMs, copiedBytes }
    if (kind === 'convert') {
      // Every element of float32 is read once and written once.
      const bytes = 8 * outputShape.reduce((p, d) => p * d, 1)
      return { ...common, name: '(layout)', op: 'layout', macs: 0, operations: 0, bytes }
    }
    const layer = counted.get(task.outputs.at(-1)!)
    const sum = (...parts: (number | null | undefined)[]) =>
      parts.reduce<number | null>((s, v) => (s === null || v === null || v === undefined ? null : s + v), 0)
    return {
      ...common,
      name: task.nodes[0]!,
      op: task.operators.join('+'),
      macs: layer?.macs ?? null,
      operations: sum(layer?.adds, layer?.muls, layer?.others),
      bytes: sum(layer?.bytesRead, layer?.bytesWritten),
    }
  })
}
