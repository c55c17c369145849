import { broadcastShapes } from '../../base/index.ts'
import { mapBroadcast } from '../binary.ts'
import { broadcasting } from '../channel-rules.ts'
import { required, typed, wrong } from '../check.ts'
import { defineOperator } from '../operator.ts'

/** Y = X where the condition holds, else Z, all three broadcast (ONNX Where). Counted as data movement. */
export const where = defineOperator<void>({
  name: 'Where',
  domain: '',
  attributes: () => undefined,
  infer: (call) => {
    const [condition, x, y] = [required(call, 0), required(call, 1), required(call, 2)]
    if (!condition.shape || !x.shape || !y.shape) return [typed(x.elementType ?? y.elementType, undefined)]
    const shape = broadcastShapes(condition.shape, x.shape, y.shape)
    if (!shape) throw wrong(call, 'the shapes cannot be broadcast together')
    return [typed(x.elementType ?? y.elementType, shape)]
  },
  forward: (_, [condition, x, y]) =>
    condition && x && y ? [mapBroadcast([condition, x, y], x.elementType, ([c, a, b]) => (c ? a : b) as number)] : [],
  cost: 'none',
  parameters: 'operands',
  channels: broadcasting,
})
