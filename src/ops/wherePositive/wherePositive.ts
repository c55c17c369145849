import { broadcastShapes, elementCount } from '../../base/index.ts'
import { mapBroadcast } from '../binary.ts'
import { mixes } from '../channel-rules.ts'
import { required, requireInputs, typed, wrong } from '../check.ts'
import { defineOperator } from '../operator.ts'

/**
 * Y = A where S > 0, else B, all three broadcast: what gradients of functions with a kink are made of, in numbers alone. Inputs S, A, B. In
 * training graphs only. Cost per element: one comparison.
 */
export const wherePositive = defineOperator<void>({
  name: 'WherePositive',
  domain: 'ai.kerf',
  attributes: () => undefined,
  infer: (call) => {
    requireInputs(call, 3)
    const [s, a, b] = [0, 1, 2].map((i) => required(call, i).shape)
    const shape = s && a && b && broadcastShapes(s, a, b)
    if (s && a && b && !shape) throw wrong(call, 'the shapes cannot be broadcast together')
    return [typed(required(call, 0).elementType, shape || undefined)]
  },
  forward: (_, [s, a, b]) =>
    s && a && b ? [mapBroadcast([s, a, b], s.elementType, ([v, x, y]) => ((v as number) > 0 ? x : y) as number)] : [],
  cost: (call) => ({ others: elementCount(call.outputs[0]?.shape) as number }),
  channels: mixes('it belongs to a training graph'),
})
