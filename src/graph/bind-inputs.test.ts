import { describe, expect, it } from 'vitest'
import { bindInputs, GraphBuilder } from './index.ts'

function graph(inputs: Readonly<Record<string, readonly (number | string)[]>>) {
  const b = new GraphBuilder('inputs')
  for (const [name, shape] of Object.entries(inputs)) b.output(b.node('Relu', [b.input(name, 'float32', shape)]))
  return b.model().graph
}

const shapes = (inputs: Parameters<typeof graph>[0], given: Record<string, number[]> = {}) =>
  Object.fromEntries(bindInputs(graph(inputs), new Map(Object.entries(given))).inputShapes ?? [])

describe('sizes of inputs', () => {
  it('take 1 for the batch, also where it is not the first axis', () => {
    expect(shapes({ state: [2, 'batch', 128], x: ['N', 16] })).toEqual({ state: [2, 1, 128], x: [1, 16] })
    expect(shapes({ x: ['batch_size', 3], state: [2, 'batch_size', 4] }, { x: [5, 3] })).toEqual({
      x: [5, 3],
      state: [2, 5, 4],
    })
  })

  it('follow a symbol that another input fixes, whichever comes first', () => {
    expect(shapes({ a: [1, 'T'], b: [1, 'T', 4] }, { b: [1, 7, 4] })).toEqual({ a: [1, 7], b: [1, 7, 4] })
  })

  it('that are missing are named at once, with an example that fits each', () => {
    expect(() => shapes({ image: ['N', 3, 'h', 'w'], last: [1, '', '', 3], state: [2, '', 128] })).toThrow(
      'Input "image" [N,3,h,w] has no size for "h", "w". Input "last" [1,?,?,3] has no size for axis 1, axis 2. Input "state" [2,?,128] has no size for axis 1. Give them, for example --input image:1,3,224,224 --input last:1,224,224,3 --input state:2,1,128.',
    )
  })
})
