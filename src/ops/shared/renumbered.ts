import type { Ties } from '../../graph/index.ts'

/** What a rule says of inputs, said of those that stand for them. */
export function renumbered(ties: Ties, at: (input: number) => number): Ties {
  return {
    isConstant: (input) => ties.isConstant(at(input)),
    isWeight: (input) => ties.isWeight(at(input)),
    tracks: (input) => ties.tracks(at(input)),
    labels: (input, axis) => ties.labels(at(input), axis),
    readers: (output) => ties.readers(output),
    isTracked: (input, axis) => ties.isTracked(at(input), axis),
    unite: (a, b) => ties.unite(a, b),
    isFrozen: (labels) => ties.isFrozen(labels),
    changes: (labels, reason) => ties.changes(labels, reason),
    byRows: () => ties.byRows(),
    freeze: (labels, reason) => ties.freeze(labels, reason),
    freezeInputs: (reason, input) => ties.freezeInputs(reason, input === undefined ? undefined : at(input)),
    fresh: (count) => ties.fresh(count),
    setOutput: (output, tracks) => ties.setOutput(output, tracks),
    root: (input, axis, kind, options) =>
      ties.root(at(input), axis, kind, {
        ...options,
        sums: options?.sums && { ...options.sums, input: at(options.sums.input) },
      }),
    vanish: (inputs, labels, reason) => ties.vanish(inputs.map(at), labels, reason),
    refuse: (kind, channels, why) => ties.refuse(kind, channels, why),
    balance: (labels, parts, reason) => ties.balance(labels, parts, reason),
    groupedAxis: (input, spec) => ties.groupedAxis(at(input), spec),
  }
}
