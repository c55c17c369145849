import { broadcastShapes, elementCount } from '../base/index.ts'
import { defineOperator, type TrainingOf } from './operator.ts'
import { algebra, gradientOf, shapeIn, shapeOut } from './shared/backward.ts'
import { mapBroadcast } from './shared/binary.ts'
import { required, typed, wrong } from './shared/check.ts'

/** C = A mod B, broadcast: of B's sign, or of A's with fmod = 1 (ONNX Mod). */
export const mod = defineOperator({
  name: 'Mod',
  inputs: ['A: numeric', 'B: =A'],
  attributes: (a) => ({ fmod: a.flag('fmod') }),
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
      const r = x! % y!
      return call.attributes.fmod || r === 0 || r < 0 === y! < 0 ? r : r + y!
    }
    return [mapBroadcast([a, b], a.elementType, remainder)]
  },
  cost: (call) => ({ others: elementCount(call.outputs[0]?.shape)! }),
})

export const modTraining: TrainingOf<typeof mod> = {
  // C = A − Q·B with a whole Q that stays: dA = dC, dB = −Q·dC.
  backward: (call) => {
    const { sub, div, mul } = algebra(call.emit)
    const [a, b] = call.node.inputs as [string, string]
    const [c] = call.node.outputs as [string]
    const dc = gradientOf(call)
    const back = (gradient: string, i: number) => call.emit.unbroadcast(gradient, shapeOut(call), shapeIn(call, i))
    return [call.needs(0) ? back(dc, 0) : undefined, call.needs(1) ? back(mul(dc, div(sub(c, a), b)), 1) : undefined]
  },
}
