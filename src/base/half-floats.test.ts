import { expect, it } from 'vitest'
import { bfloat16ToNumber, float16ToNumber, narrowFloats, numberToFloat16, widenHalves } from './half-floats.ts'

const all = Uint16Array.from({ length: 65536 }, (_, h) => h)
const isNaN16 = (h: number) => (h & 0x7c00) === 0x7c00 && (h & 0x3ff) !== 0

it('widens every half to the number it stands for, and back to the same bits', () => {
  for (const [type, single] of [
    ['float16', float16ToNumber],
    ['bfloat16', bfloat16ToNumber],
  ] as const) {
    const wide = widenHalves(type, all, new Float32Array(65536))
    const back = narrowFloats(type, wide, new Uint16Array(65536))
    expect([...all].filter((h) => !Object.is(wide[h], single(h)))).toEqual([])
    expect([...all].filter((h) => !Number.isNaN(wide[h]) && back[h] !== h)).toEqual([])
  }
})

it('rounds between neighbours to the nearest, ties to even, and overflows to infinity', () => {
  // numpy: np.array([...], np.float32).astype(np.float16).view(np.uint16)
  const floats = [
    1.00048828125,
    1.00146484375,
    65519.99,
    65520,
    -65520,
    2.98e-8,
    2.9802322e-8,
    6.1e-5,
    Number.NaN,
    1e-10,
  ]
  const halves = [15360, 15362, 31743, 31744, 64512, 0, 0, 1023, 32256, 0]
  expect([...narrowFloats('float16', Float32Array.from(floats), new Uint16Array(floats.length))]).toEqual(halves)
})

it('rounds arrays as it rounds single numbers', () => {
  const floats = new Float32Array(65536 * 3)
  const bits = new Uint32Array(floats.buffer)
  for (let h = 0; h < 65536; h++) {
    if (isNaN16(h)) continue
    floats[3 * h] = float16ToNumber(h)
    const word = bits[3 * h]!
    bits[3 * h + 1] = word + 0x1000
    bits[3 * h + 2] = word + 0x1001
  }
  const halves = narrowFloats('float16', floats, new Uint16Array(floats.length))
  const differ = [...floats.keys()].filter((i) => {
    const x = floats[i]!
    return !Number.isNaN(x) && halves[i] !== numberToFloat16(x)
  })
  expect(differ).toEqual([])
})
