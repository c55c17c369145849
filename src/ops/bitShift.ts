import { broadcastShapes, elementCount } from '../base/index.ts'
import { defineOperator } from './operator.ts'
import { asElement } from './shared/as-element.ts'
import { mapBroadcast } from './shared/binary.ts'
import { commonType, required, typed, wrong } from './shared/check.ts'

/** Z = X shifted by Y bits, to the LEFT or to the RIGHT, broadcast (ONNX BitShift). */
export const bitShift = defineOperator({
  name: 'BitShift',
  inputs: ['X: whole', 'Y: whole'],
  attributes: (a) => ({ direction: a.choice('direction', ['LEFT', 'RIGHT']) }),
  infer: (call) => {
    const x = required(call, 0)
    const y = required(call, 1)
    const shape = x.shape && y.shape ? broadcastShapes(x.shape, y.shape) : undefined
    if (x.shape && y.shape && !shape) throw wrong(call, 'the shapes cannot be broadcast together')
    return [typed(commonType(call, [0, 1]), shape)]
  },
  forward: (call, [x, y]) => {
    if (!x || !y) return []
    const left = call.attributes.direction === 'LEFT'
    const shift = ([a, b]: readonly number[]) => {
      const factor = 2 ** b!
      return asElement(x.elementType, left ? a! * factor : Math.floor(a! / factor))
    }
    return [mapBroadcast([x, y], x.elementType, shift)]
  },
  cost: (call) => ({ others: elementCount(call.outputs[0]?.shape)! }),
})
