import { profileModel } from '../../cost/index.ts'
import type { Model } from '../../graph/index.ts'
import type { RunProfile, TaskTime } from '../../runtime/index.ts'

/** One part of a run: its time, and what it does by our own counts. */
export interface LayerTime
  extends Pick<TaskTime, 'kind' | 'nodes' | 'kernels' | 'outputShape' | 'timeMs' | 'fastestMs' | 'quartilesMs'> {
  /** Of its first node; of a conversion between layouts `(layout)`. */
  readonly name: string
  /** Operators, joined by +; of a conversion between layouts `layout`. */
  readonly op: string
  /** Null where it cannot be counted. */
  readonly macs: number | null
  /** Additions, multiplications and others. */
  readonly operations: number | null
  /** Read and written, weights included, what fused nodes pass on left out. */
  readonly bytes: number | null
  /** Written although they were there already: copies, and other layouts. */
  readonly copiedBytes: number
}

/**
 * Joins the times of a run's parts with their counts: a part is a group of nodes that runs as one.
 * @param model what was run
 * @param inputs shapes of its inputs by name, as it was run
 * @param profile what `Session.profile` measured
 */
export function runLayers(
  model: Model,
  inputs: ReadonlyMap<string, readonly number[]>,
  profile: RunProfile,
): LayerTime[] {
  const { tasks } = profile
  const { layers } = profileModel(model, { inputs, groups: tasks.map((t) => t.outputs) })
  const counted = new Map(layers.flatMap((layer) => layer.outputs.map(({ name }) => [name, layer] as const)))
  return tasks.map((task): LayerTime => {
    const { outputs, operators, ...common } = task
    if (task.kind === 'convert') {
      // Every element of float32 is read once and written once.
      const bytes = 8 * task.outputShape.reduce((p, d) => p * d, 1)
      return { ...common, name: '(layout)', op: 'layout', macs: 0, operations: 0, bytes }
    }
    const layer = counted.get(outputs.at(-1)!)
    const sum = (...parts: (number | null | undefined)[]) =>
      parts.reduce<number | null>((s, v) => (s === null || v === null || v === undefined ? null : s + v), 0)
    return {
      ...common,
      name: task.nodes[0]!,
      op: operators.join('+'),
      macs: layer?.macs ?? null,
      operations: sum(layer?.adds, layer?.muls, layer?.others),
      bytes: sum(layer?.bytesRead, layer?.bytesWritten),
    }
  })
}
