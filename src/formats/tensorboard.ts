import { WireWriter, wire } from '../base/index.ts'
import { crc32c } from './crc32c.ts'

/*
 * TensorBoard reads event files: TFRecord frames, each an `Event` (tensorflow/core/util/event.proto), whose `Summary`
 * (tensorflow/core/framework/summary.proto) holds scalars. A frame is length u64, masked crc32c of the length, the bytes, masked crc32c of
 * the bytes, little-endian; mask(c) = rotate_right(c, 15) + 0xa282ead8 (tensorflow/core/lib/hash/crc32c.h).
 */

export interface ScalarEvent {
  /** Unix time. */
  readonly timeMs: number
  readonly step: number
  /** By tag; `train/loss` and `validation/loss` share a plot's group by what stands before the slash. */
  readonly scalars: Readonly<Record<string, number>>
}

const masked = (bytes: Uint8Array): number => {
  const crc = crc32c(bytes)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

function frame(event: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16 + event.length)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(event.length), true)
  view.setUint32(8, masked(bytes.subarray(0, 8)), true)
  bytes.set(event, 12)
  view.setUint32(12 + event.length, masked(event), true)
  return bytes
}

// Field numbers of Event: wall_time 1, step 2, file_version 3, summary 5, session_log 7.
const event = (timeMs: number, step: number) =>
  new WireWriter()
    .tag(1, wire.bits64)
    .double(timeMs / 1000)
    .tag(2, wire.varint)
    .varint(step)

/** The first record of every events file. */
export const eventsFileStart = (timeMs: number): Uint8Array =>
  frame(event(timeMs, 0).tag(3, wire.bytes).string('brain.Event:2').finish())

/** Says that training starts again at `step`: TensorBoard drops what earlier files of the folder have at this step and later ones. */
export const encodeSessionStart = (timeMs: number, step: number): Uint8Array =>
  // SessionLog: status 1 = START.
  frame(event(timeMs, step).tag(7, wire.bytes).fork().tag(1, wire.varint).varint(1).join().finish())

/** One record with the scalars of a step, to be appended to the file. */
export function encodeScalars({ timeMs, step, scalars }: ScalarEvent): Uint8Array {
  const writer = event(timeMs, step).tag(5, wire.bytes).fork()
  // Summary.value 1: tag 1, simple_value 2.
  for (const [tag, value] of Object.entries(scalars))
    writer.tag(1, wire.bytes).fork().tag(1, wire.bytes).string(tag).tag(2, wire.bits32).float(value).join()
  return frame(writer.join().finish())
}
