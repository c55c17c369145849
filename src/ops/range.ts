import { unknownDim } from '../base/index.ts'
import type { Call } from '../graph/index.ts'
import { defineOperator } from './operator.ts'
import { contentOf, dense, required, typed, wrong } from './shared/check.ts'

/** Start, step and how many; undefined where they are not known before the model runs. */
function numbers(call: Call): { start: number; delta: number; length: number } | undefined {
  const [start, limit, delta] = [0, 1, 2].map((i) => contentOf(call, i)?.[0])
  if (delta === 0) throw wrong(call, 'delta is 0')
  if (start === undefined || limit === undefined || delta === undefined) return undefined
  const length = Math.max(0, Math.ceil((limit - start) / delta))
  if (!Number.isSafeInteger(length)) throw wrong(call, `from ${start} to ${limit} by ${delta} are too many numbers`)
  return { start, delta, length }
}

/** start, start + delta, … before limit: scalars at inputs 0, 2 and 1 (ONNX Range). One multiplication and addition per element. */
export const range = defineOperator({
  name: 'Range',
  inputs: ['start: numeric (1)', 'limit: =start (1)', 'delta: =start (1)'],
  infer: (call) => [typed(required(call, 0).elementType, [numbers(call)?.length ?? unknownDim()])],
  forward: (call, [start]) => {
    const found = numbers(call)
    if (!start || !found) return []
    const data = new Float64Array(found.length).map((_, i) => found.start + i * found.delta)
    return [dense(start.elementType, [found.length], data)]
  },
  cost: (call) => {
    const count = call.outputs[0]?.shape?.[0] as number
    return { adds: count, muls: count }
  },
})
