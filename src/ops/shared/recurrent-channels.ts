import type { ChannelRule, Labels } from '../../graph/index.ts'
import { recurrentInputs as at, type RecurrentAttributes } from './recurrent.ts'

/*
 * The columns of W are the channels of the input. A unit of the hidden state owns a row of every gate in W, R, B and P, a column of R and its place
 * in the states; all directions have it at the same place, so it goes from all of them together. A unit whose weights are 0 stays 0 when it
 * starts at 0: masked and cut agree. The states at the start are cut along.
 */

const computed = 'its weights depend on the input'

export const recurrentChannels: ChannelRule<RecurrentAttributes> = {
  tie(call, ties) {
    const units = call.inputs[at.r]?.shape?.[2] as number
    if (![at.w, at.r, at.b, at.p].every((i) => !call.inputs[i] || ties.isWeight(i))) {
      ties.freezeInputs(computed)
      ties.refuse('neuron', units, computed)
      return
    }
    ties.unite(ties.labels(at.x, 2), ties.labels(at.w, 2))
    const hidden = ties.labels(at.r, 2)
    const blocks = (labels: Labels) => {
      for (let from = 0; from < labels.length; from += units) ties.unite(hidden, labels.subarray(from, from + units))
    }
    for (const input of [at.w, at.r, at.b, at.p]) if (call.inputs[input]) blocks(ties.labels(input, 1))
    for (const input of [at.h, at.c]) if (call.inputs[input]) ties.unite(hidden, ties.labels(input, 2))
    ties.root(at.w, 1, 'neuron')
    ties.root(at.r, 1, 'neuron', { follows: true })
    call.outputs.forEach((_, output) => {
      ties.setOutput(output, [{ axes: [output === 0 ? 3 : 2], labels: hidden }])
    })
  },
  cut(call, cut) {
    const kept = cut.keptInput(at.r, 2)
    if (kept && call.attributes.hiddenSize !== undefined) cut.setInt('hidden_size', kept.length)
  },
}
