import { elementCount } from '../base/index.ts'
import type { Task } from './task.ts'

/**
 * Bytes that a task writes which were there already: a copy, another layout, another order. 0 for whatever calculates; values that lie where others do take
 * no task.
 * @param task of a plan
 */
export function copiedBytes(task: Task): number {
  if (task.kind === 'convert') {
    const { from } = task
    const channels = from.runs?.reduce((sum, { count }) => sum + count, 0) ?? from.shape[1] ?? 1
    return from.buffer.bytes === 0 ? 0 : bytesPer(from) * (elementCount(from.shape)! / (from.shape[1] ?? 1)) * channels
  }
  const { operator } = task.job.unit
  if (operator.cost !== 'none') return 0
  return task.outputs.reduce((sum, place) => sum + (place ? bytesPer(place) * elementCount(place.shape)! : 0), 0)
}

const bytesPer = ({ buffer }: { readonly buffer: { readonly elementType: 'float32' | 'uint8' } }): number =>
  buffer.elementType === 'float32' ? 4 : 1
