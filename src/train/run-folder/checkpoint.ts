import { KerfError, parseJson } from '../../base/index.ts'
import {
  crc32c,
  float32Of,
  float32Tensor,
  float64Of,
  float64Tensor,
  readSafetensors,
  type SafetensorsTensor,
  safetensorsChunks,
  uint8Tensor,
} from '../../formats/index.ts'
import type { NamedArrays } from '../optimisers/state.ts'

/** Everything that training goes on from, to the same bits. */
export interface Checkpoint {
  /** Plain JSON: where the loader stands, states of random numbers, the best accuracy so far … Numbers must be finite. */
  readonly state: CheckpointState
  /** Arrays by section (`weights`, `optimiser`, `average`, `masks`, `sparsity`; without a slash) and name. */
  readonly sections: Readonly<Record<string, NamedArrays>>
}

/** What a checkpoint knows besides arrays. */
export interface CheckpointState {
  /** Updates done. */
  readonly step: number
  readonly [name: string]: unknown
}

type StateArray = NamedArrays extends ReadonlyMap<string, infer A> ? A : never

const damaged = (problem: string) => new KerfError('damaged-checkpoint', `The checkpoint is damaged: ${problem}.`)

/**
 * A safetensors file in pieces: tensors `SECTION/NAME`; its metadata hold the state as JSON and a CRC-32C of everything.
 * @throws KerfError `bad-state` for state that JSON cannot hold
 */
export function checkpointChunks({ state, sections }: Checkpoint): Uint8Array[] {
  const tensors = new Map<string, SafetensorsTensor>()
  for (const [section, arrays] of Object.entries(sections))
    for (const [name, array] of arrays) tensors.set(`${section}/${name}`, tensorOf(array))
  const json = JSON.stringify(state, (key, value) => {
    if (typeof value === 'number' && !Number.isFinite(value))
      throw new KerfError(
        'bad-state',
        `The checkpoint's state has ${value} as "${key}", which JSON cannot hold. Leave it out.`,
        { key },
      )
    return value
  })
  const names = JSON.stringify(Object.keys(sections))
  return safetensorsChunks(tensors, {
    format: 'kerf-checkpoint-1',
    state: json,
    sections: names,
    crc32c: String(checksum(json, names, tensors)),
  })
}

function tensorOf(array: StateArray): SafetensorsTensor {
  if (array instanceof Uint8Array) return uint8Tensor(array)
  return array instanceof Float32Array ? float32Tensor(array) : float64Tensor(array)
}

function arrayOf(tensor: SafetensorsTensor): StateArray {
  if (tensor.type === 'U8') return tensor.bytes
  return tensor.type === 'F32' ? float32Of(tensor) : float64Of(tensor)
}

function checksum(json: string, names: string, tensors: ReadonlyMap<string, SafetensorsTensor>): number {
  const sorted = [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))
  const listed = JSON.stringify([json, names, sorted.map(([name, { type, shape }]) => [name, type, shape])])
  let crc = crc32c(new TextEncoder().encode(listed))
  for (const [, { bytes }] of sorted) crc = crc32c(bytes, crc)
  return crc
}

/**
 * Reads and verifies a checkpoint; the arrays are views of `bytes` where aligned.
 * @throws KerfError `bad-safetensors`, `damaged-checkpoint`
 */
export function readCheckpoint(bytes: Uint8Array): Checkpoint {
  const { metadata, tensors } = readSafetensors(bytes)
  const { format, state, sections, crc32c: expected } = metadata
  if (format !== 'kerf-checkpoint-1' || state === undefined || sections === undefined)
    throw damaged('it is a safetensors file, but no checkpoint of Kerf')
  if (String(checksum(state, sections, tensors)) !== expected) throw damaged('its checksum does not fit its content')
  const names = parseJson(sections) as string[]
  const read = new Map(names.map((name) => [name, new Map<string, StateArray>()]))
  for (const [name, tensor] of tensors) {
    const slash = name.indexOf('/')
    read.get(name.slice(0, slash))?.set(name.slice(slash + 1), arrayOf(tensor))
  }
  return { state: parseJson(state) as Checkpoint['state'], sections: Object.fromEntries(read) }
}
