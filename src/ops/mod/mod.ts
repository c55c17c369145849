import { broadcastShapes, elementCount } from '../../base/index.ts'
import { mapBroadcast } from '../binary.ts'
import { broadcasting } from '../channel-rules.ts'
import { required, typed, wrong } from '../check.ts'
import { defineOperator } from '../operator.ts'

/** C = A mod B, broadcast: of B's sign, or of A's with fmod = 1 (ONNX Mod). */
export const mod = defineOperator<{ fmod: boolean }>({
  name: 'Mod',
  domain: '',
  attributes: (a) => ({ fmod: a.int('fmod', 0) === 1 }),
  infer: (call) => {
    const a = required(call, 0)
    const b = required(call, 1)
    const shape = a.shape && b.shape ? broadcastShapes(a.shape, b.shape) : undefined
    if (a.shape && b.shape && !shape) throw wrong(call, 'the shapes cannot be broadcast together')
    return [typed(a.elementType ?? b.elementType, shape)]
  },
  forward: (call, [a, b]) => {
    if (!a || !b) return []
    const remainder = ([x, y]: readonly number[]) => {
      const r = (x as number) % (y as number)
      return call.attributes.fmod || r === 0 || r < 0 === (y as number) < 0 ? r : r + (y as number)
    }
    return [mapBroadcast([a, b], a.elementType, remainder)]
  },
  cost: (call) => ({ others: elementCount(call.outputs[0]?.shape) as number }),
  channels: broadcasting,
})
