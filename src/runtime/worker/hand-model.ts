import type { Rounds } from '../../base/index.ts'
import { inMemory, type Model, type TensorData } from '../../graph/index.ts'

/*
 * A model on its way to another thread. All of it is plain data but the bytes of its tensors, which are read when asked for, and what the reader of
 * its file kept for the writer, which nobody needs to run it.
 */

/** Where the model has the bytes of a tensor, it says which of `bytes` they are. */
export interface HandedModel {
  /** The model, with `{ handed: index }` in place of every tensor's bytes. */
  readonly skeleton: unknown
  readonly bytes: readonly Uint8Array<ArrayBuffer>[]
}

interface Handed {
  readonly handed: number
}

const isTensorData = (value: object): value is TensorData => 'bytes' in value && typeof value.bytes === 'function'
const isHanded = (value: object): value is Handed => 'handed' in value

/**
 * Reads every weight once, into memory of its own, which can be transferred: a round per tensor.
 * @throws whatever reading the weights throws
 */
export function* handModel(model: Model): Rounds<HandedModel> {
  const all = new Map<TensorData, number>()
  const skeleton = rebuilt(model, (value) => {
    if (!isTensorData(value)) return undefined
    if (!all.has(value)) all.set(value, all.size)
    return { handed: all.get(value)! } satisfies Handed
  })
  const bytes: Uint8Array<ArrayBuffer>[] = []
  for (const data of all.keys()) {
    // Of its own: what is transferred is gone here, and bytes of a file share one buffer.
    bytes.push(new Uint8Array(data.bytes()))
    yield { done: bytes.length, total: all.size }
  }
  return { skeleton, bytes }
}

/** The model that was handed over. */
export function receiveModel({ skeleton, bytes }: HandedModel): Model {
  const data = bytes.map(inMemory)
  return rebuilt(skeleton, (value) => (isHanded(value) ? data[value.handed] : undefined)) as Model
}

/** Plain data with some of its objects replaced. */
function rebuilt(value: unknown, replace: (value: object) => object | undefined): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  const other = replace(value)
  if (other) return other
  if (Array.isArray(value)) return value.map((item) => rebuilt(item, replace))
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, rebuilt(item, replace)]))
  const entries = Object.entries(value).filter(([key]) => key !== 'preserved')
  return Object.fromEntries(entries.map(([key, item]) => [key, rebuilt(item, replace)]))
}
