import type { Ties } from '../graph/index.ts'

/** What an operator's rule says of its inputs, said of those that stand for them in another operator's node. */
export function renumbered(ties: Ties, at: (input: number) => number): Ties {
  return {
    isConstant: (input) => ties.isConstant(at(input)),
    isWeight: (input) => ties.isWeight(at(input)),
    readers: (output) => ties.readers(output),
    tracks: (input) => ties.tracks(at(input)),
    labels: (input, axis) => ties.labels(at(input), axis),
    isTracked: (input, axis) => ties.isTracked(at(input), axis),
    unite: (a, b) => ties.unite(a, b),
    freeze: (labels, reason) => ties.freeze(labels, reason),
    freezeInputs: (reason, input) => ties.freezeInputs(reason, input === undefined ? undefined : at(input)),
    fresh: (count) => ties.fresh(count),
    setOutput: (output, tracks) => ties.setOutput(output, tracks),
    root: (input, axis, kind, follows) => ties.root(at(input), axis, kind, follows),
    refuse: (kind, channels, why) => ties.refuse(kind, channels, why),
    balance: (labels, parts, reason) => ties.balance(labels, parts, reason),
    groupedAxis: (input, spec) => ties.groupedAxis(at(input), spec),
  }
}
