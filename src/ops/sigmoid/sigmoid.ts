import { unary } from '../unary.ts'

/** 1 / (1 + exp(−x)), without overflow at either end. */
export const logistic = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)))

/** Y = 1 / (1 + exp(−X)) (ONNX Sigmoid). Cost per element: exponential, addition, division. */
export const sigmoid = unary('Sigmoid', { forward: logistic, cost: { adds: 1, others: 2 }, fusion: 'follower' })
