import { describe, expect, it } from 'vitest'
import { kernels } from '../engine/kernels.generated.ts'
import { programBytes, type Step, step, writeProgram } from './step.ts'

const memory = new WebAssembly.Memory({ initial: 1 })
const view = new DataView(memory.buffer)
const whole = (at: number): number => view.getInt32(at, true)
const float = (at: number): number => view.getFloat32(at, true)

describe('a program', () => {
  it('has for each step its kernel and where its arguments lie, then the arguments as the table orders them', () => {
    const steps = [step('fillF32', { value: 0.5, count: 7, y: 4096 }), step('copyF32', { x: 1, y: 2, count: 3 })]
    expect(programBytes(steps)).toBe(2 * 8 + 2 * 12)
    writeProgram(memory, 64, steps)
    expect([64, 72].map(whole)).toEqual([kernels.fillF32.id, kernels.copyF32.id])
    const [fill, copy] = [68, 76].map(whole) as [number, number]
    expect([whole(fill), whole(fill + 4), float(fill + 8)]).toEqual([4096, 7, 0.5])
    expect([copy, copy + 4, copy + 8].map(whole)).toEqual([1, 2, 3])
  })

  it('does the same steps several times with one copy of their arguments', () => {
    const steps = [step('copyF32', { x: 1, y: 2, count: 3 }), step('fillF32', { y: 4, count: 5, value: 6 })]
    expect(programBytes(steps, 3)).toBe(6 * 8 + 2 * 12)
    writeProgram(memory, 64, steps, 3)
    const pairs = Array.from({ length: 6 }, (_, i) => [whole(64 + 8 * i), whole(68 + 8 * i)])
    expect(pairs.slice(2)).toEqual(pairs.slice(0, 4))
  })

  it('holds flags, numbers of functions, lists, and addresses beyond 2 GiB', () => {
    const args = { a: 2 ** 31 + 64, b: 1, y: 2, apply: 'mul', lo: -1, hi: Number.POSITIVE_INFINITY } as const
    const walk = { sizes: [1, 2, 3, 4, 5, 6], aStrides: [7, 7, 7, 7, 7, 7], bStrides: [0, -8, 8, 8, 8, 9] }
    writeProgram(memory, 0, [step('binaryF32', { ...args, ...walk, yStrides: [1, 1, 1, 1, 1, 1] })])
    const at = whole(4)
    expect(Array.from({ length: 6 }, (_, i) => whole(at + 4 * i))).toEqual(walk.sizes)
    expect(view.getUint32(at + 24, true)).toBe(2 ** 31 + 64)
    expect([whole(at + 36), float(at + 40), float(at + 44)]).toEqual([2, -1, Number.POSITIVE_INFINITY])
    expect(Array.from({ length: 6 }, (_, i) => whole(at + 72 + 4 * i))).toEqual(walk.bStrides)
    for (const logarithm of [false, true]) {
      writeProgram(memory, 0, [step('softmaxLastF32', { x: 0, y: 0, rows: 1, size: 1, logarithm })])
      expect(whole(whole(4) + 16)).toBe(Number(logarithm))
    }
  })

  it.each<[string, Step]>([
    ['a count that is no whole number', step('copyF32', { x: 0, y: 0, count: 1.5 })],
    ['a count that is not known', step('copyF32', { x: 0, y: 0, count: Number.NaN })],
    [
      'a list of another length',
      step('copyStridedF32', { x: 0, y: 0, sizes: [1], xStrides: [0, 0, 0, 0, 0, 1], yStrides: [0, 0, 0, 0, 0, 1] }),
    ],
  ])('does not take %s', (_, wrong) => {
    expect(() => writeProgram(memory, 0, [wrong])).toThrow(/^(copyF32: count|copyStridedF32: sizes) is /)
  })
})

// The assertions are the comments: one that expects no error is an error of types.
it('with an argument missing, too many or misnamed does not compile', () => {
  const places = { x: 0, y: 0 }
  const wrong: unknown[] = [
    // @ts-expect-error an argument is missing
    step('copyF32', { x: 0, y: 0 }),
    // @ts-expect-error one is too many
    step('copyF32', { x: 0, y: 0, count: 0, scale: 1 }),
    // @ts-expect-error one is too many, among others that are put together
    step('fillF32', { ...places, count: 0, value: 1 }),
    // @ts-expect-error one has another name
    step('copyF32', { ...places, length: 0 }),
    // @ts-expect-error there is no such kernel
    step('copyF64', { ...places, count: 0 }),
    // @ts-expect-error there is no such function
    step('unaryF32', { ...places, count: 0, apply: 'cbrt', a: 0, b: 0 }),
    // @ts-expect-error a flag is not a number
    step('softmaxLastF32', { ...places, rows: 1, size: 1, logarithm: 1 }),
    // @ts-expect-error the arguments are another kernel's
    { kernel: 'fillF32', args: { x: 0, y: 0, count: 0 } } satisfies Step,
  ]
  expect(wrong).toHaveLength(8)
})
