import { describe, expect, it } from 'vitest'
import { float } from '../../graph/index.ts'
import { oneNode, onesOf } from '../../testing/one-node.ts'

/** 5 steps of 2 samples, 3 inputs, 4 units. */
const [x, gates] = [[5, 2, 3], { LSTM: 4, GRU: 3, RNN: 1 }] as const
const weights = (op: keyof typeof gates, directions = 1) => [
  onesOf(directions, gates[op] * 4, 3),
  onesOf(directions, gates[op] * 4, 4),
]

describe('recurrent operators', () => {
  it('have states beside the outputs of all steps', () => {
    const both = { hidden_size: 4, direction: 'bidirectional' }
    expect(oneNode('LSTM', [x, ...weights('LSTM', 2)], both, { outputs: 3 }).shapes).toEqual([
      [5, 2, 2, 4],
      [2, 2, 4],
      [2, 2, 4],
    ])
    expect(oneNode('GRU', [x, ...weights('GRU')], { layout: 1 }, { outputs: 2 }).shapes).toEqual([
      [5, 2, 1, 4],
      [5, 1, 4],
    ])
    expect(oneNode('RNN', [x, ...weights('RNN')], {}, { outputs: 2 }).shapes).toEqual([
      [5, 1, 2, 4],
      [1, 2, 4],
    ])
  })

  // 5·2·4 = 40 elements of the hidden state in all.
  it('LSTM: four gates, four products and an addition of elements, five function values', () => {
    const { cost, operator } = oneNode('LSTM', [x, ...weights('LSTM'), onesOf(1, 32)])
    const macs = 40 * 4 * (3 + 4)
    // Per element: 4 biases, 4 joins of W·x and R·h, f·c + i·g.
    expect(cost).toEqual({ macs, muls: macs + 40 * 3, adds: macs + 40 * 9, others: 40 * 5, accumulators: 40 * 8 })
    expect(operator.parameters).toEqual([1, 2, 3, 7])
  })

  it('LSTM with peepholes and clipping, gates coupled', () => {
    const inputs = [x, ...weights('LSTM'), undefined, undefined, undefined, undefined, onesOf(1, 12)]
    const macs = 40 * 4 * (3 + 4)
    expect(oneNode('LSTM', inputs, { clip: float(0.5) }).cost).toMatchObject({
      muls: macs + 40 * 6,
      adds: macs + 40 * 8,
      others: 40 * (4 * 3 + 1),
    })
    // The forget gate's products are still what the file asks for; it is one subtraction.
    expect(oneNode('LSTM', [x, ...weights('LSTM')], { input_forget: 1 }).cost).toMatchObject({ others: 40 * 4 })
  })

  it('GRU, linear before reset or not, and RNN', () => {
    const macs = 40 * 3 * (3 + 4)
    const { cost } = oneNode('GRU', [x, ...weights('GRU'), onesOf(1, 24)])
    expect(cost).toEqual({ macs, muls: macs + 40 * 3, adds: macs + 40 * 8, others: 40 * 3, accumulators: 40 * 6 })
    const linear = oneNode('GRU', [x, ...weights('GRU'), onesOf(1, 24)], { linear_before_reset: 1 })
    expect(linear.cost).toMatchObject({ macs, adds: macs + 40 * 9 })
    const rnn = 40 * (3 + 4)
    expect(oneNode('RNN', [x, ...weights('RNN')]).cost).toEqual({
      macs: rnn,
      muls: rnn,
      adds: rnn + 40,
      others: 40,
      accumulators: 80,
    })
  })

  it('refuse what does not fit', () => {
    const lstm = (attributes: Parameters<typeof oneNode>[2], inputs: Parameters<typeof oneNode>[1] = weights('LSTM')) =>
      oneNode('LSTM', [x, ...inputs], attributes)
    expect(() => lstm({ direction: 'sideways' })).toThrow(
      'LSTM "it": direction is "sideways"; input0 [5,2,3], input1 [1,16,3], input2 [1,16,4]. It should be forward, reverse or bidirectional: export the model again.',
    )
    expect(() => lstm({ activations: ['Tanh'] })).toThrow('it names 1 activations, where it needs 3')
    expect(() => lstm({ activations: ['Tanh', 'Swish', 'Tanh'] })).toThrow(
      'there is no activation "Swish"; input0 [5,2,3], input1 [1,16,3], input2 [1,16,4]. There are Relu, Tanh, Sigmoid,',
    )
    expect(() => lstm({ hidden_size: 5 })).toThrow('hidden_size is 5 and R [1,16,4] is for 4')
    expect(() => lstm({}, [onesOf(1, 16, 2), onesOf(1, 16, 4)])).toThrow('W is [1,16,2], where [1,16,3] is needed')
    expect(() => lstm({}, [...weights('LSTM'), onesOf(1, 16)])).toThrow('B is [1,16], where [1,32] is needed')
    expect(() => lstm({ direction: 'bidirectional' })).toThrow('W is [1,16,3], where [2,16,3] is needed')
    expect(() => oneNode('GRU', [[5, 3], ...weights('GRU')])).toThrow('X is [5,3], where [?,?,?] is needed')
  })
})
