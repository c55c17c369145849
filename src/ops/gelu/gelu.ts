import { erfOf } from '../erf/erf.ts'
import { unary } from '../unary.ts'

/*
 * exact:          Y = X/2 · (1 + erf(X/√2))
 * approximated:   Y = X/2 · (1 + tanh(√(2/π) · (X + 0.044715·X³)))        (ONNX Gelu, opset 20)
 */

const exact = (x: number): number => 0.5 * x * (1 + erfOf(x * Math.SQRT1_2))

const approximated = (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))

/**
 * Cost per element, constants folded. Exact: multiplications by √½, by ½ and by X, one addition, one function value. With
 * approximate = "tanh": six multiplications (two for the cube), two additions, one function value.
 */
export const gelu = unary<{ tanh: boolean }>('Gelu', {
  attributes: (a) => ({ tanh: a.string('approximate', 'none') === 'tanh' }),
  forward: (x, { tanh }) => (tanh ? approximated(x) : exact(x)),
  cost: ({ tanh }) => (tanh ? { adds: 2, muls: 6, others: 1 } : { adds: 1, muls: 3, others: 1 }),
  fusion: 'follower',
})
