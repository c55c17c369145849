import { describe, expect, it } from 'vitest'
import { crc32c, decodeJsonLines, encodeJsonLine, encodeScalars, encodeSessionStart, eventsFileStart } from './index.ts'

// RFC 3720 appendix B.4; the digits are the customary check.
it.each([
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 ones', new Uint8Array(32).fill(255), 0x62a8ab43],
  ['rising', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ['digits', new TextEncoder().encode('123456789'), 0xe3069283],
])('crc32c of %s', (_, bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected)
  expect(crc32c(bytes.subarray(5), crc32c(bytes.subarray(0, 5)))).toBe(expected)
})

/** A reader that shares nothing with the writer: checksums bit by bit in big integers, Protocol Buffers by hand. */
function readEvents(bytes: Uint8Array): unknown[] {
  const crc = (part: Uint8Array) => {
    let c = 0xffffffffn
    for (const byte of part) {
      c ^= BigInt(byte)
      for (let bit = 0; bit < 8; bit++) c = c & 1n ? (c >> 1n) ^ 0x82f63b78n : c >> 1n
    }
    c ^= 0xffffffffn
    return ((((c >> 15n) | (c << 17n)) & 0xffffffffn) + 0xa282ead8n) & 0xffffffffn
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const events: unknown[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = Number(view.getBigUint64(at, true))
    expect(BigInt(view.getUint32(at + 8, true))).toBe(crc(bytes.subarray(at, at + 8)))
    const event = bytes.subarray(at + 12, at + 12 + length)
    expect(BigInt(view.getUint32(at + 12 + length, true))).toBe(crc(event))
    const fields = message(event)
    events.push({
      time: fields.find(([n]) => n === 1)?.[1],
      step: fields.find(([n]) => n === 2)?.[1],
      version: text(fields.find(([n]) => n === 3)?.[1]),
      scalars: fields
        .filter(([n]) => n === 5)
        .flatMap(([, summary]) => message(summary as Uint8Array))
        .map(([, value]) => message(value as Uint8Array))
        .map((value) => [text(value[0]?.[1]), value[1]?.[1]]),
      session: fields.filter(([n]) => n === 7).flatMap(([, log]) => message(log as Uint8Array)),
    })
    at += 16 + length
  }
  return events
}
const text = (value: unknown) => (value === undefined ? undefined : new TextDecoder().decode(value as Uint8Array))

function message(bytes: Uint8Array): [number, number | Uint8Array][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0
  const varint = () => {
    let value = 0
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++]!
      value += (byte & 127) * shift
      if (byte < 128) return value
    }
  }
  const fields: [number, number | Uint8Array][] = []
  while (at < bytes.length) {
    const tag = varint()
    const wire = tag & 7
    if (wire === 0) {
      fields.push([tag >> 3, varint()])
      continue
    }
    const length = wire === 1 ? 8 : wire === 5 ? 4 : varint()
    const value =
      wire === 1 ? view.getFloat64(at, true) : wire === 5 ? view.getFloat32(at, true) : bytes.subarray(at, at + length)
    fields.push([tag >> 3, value])
    at += length
  }
  return fields
}

describe('TensorBoard events', () => {
  it('are framed, checked and readable', () => {
    const scalars = { 'train/loss': 0.5, 'test/accuracy': 1e300, gap: Number.NaN }
    const file = [
      eventsFileStart(1000),
      encodeSessionStart(1500, 7),
      encodeScalars({ timeMs: 2500, step: 3e9, scalars }),
      encodeScalars({ timeMs: 2500, step: 0, scalars: {} }),
    ]
    expect(readEvents(Buffer.concat(file))).toEqual([
      { time: 1, step: 0, version: 'brain.Event:2', scalars: [], session: [] },
      { time: 1.5, step: 7, version: undefined, scalars: [], session: [[1, 1]] },
      {
        time: 2.5,
        step: 3e9,
        version: undefined,
        // A number beyond float32 becomes infinite.
        scalars: [
          ['train/loss', 0.5],
          ['test/accuracy', Number.POSITIVE_INFINITY],
          ['gap', Number.NaN],
        ],
        session: [],
      },
      { time: 2.5, step: 0, version: undefined, scalars: [], session: [] },
    ])
  })
})

describe('JSON lines', () => {
  it('keep what JSON has no word for, and leave out a line that was cut off', () => {
    const record = { step: 3, loss: Number.NaN, low: Number.NEGATIVE_INFINITY, phase: 'train' }
    const line = encodeJsonLine(record)
    expect(line).toBe('{"step":3,"loss":"NaN","low":"-Infinity","phase":"train"}\n')
    expect(decodeJsonLines(`${line}${line}{"step":4,"lo`)).toEqual([record, record])
    expect(decodeJsonLines('')).toEqual([])
    expect(() => decodeJsonLines('{}\nno\n')).toThrow('Line 2 is not JSON')
    for (const line of ['null', '3', '[1]', '{"a":null}', '{"a":{}}', '{"__proto__":{}}'])
      expect(() => decodeJsonLines(`{"step":1}\n${line}\n`)).toThrow('Line 2 is no flat record')
  })
})
