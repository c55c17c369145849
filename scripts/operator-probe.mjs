// Asks an operator's own object what the table in docs/operators.md says of it: its rules run on small made-up nodes, and what
// they do is written down. Nothing here knows an operator by name; one that fits none of the nodes is shown as "depends".

import { acceptedCalls } from './operator-samples.mjs'

/** Stands in for the walk in prune/ and notes what a rule says. */
class Notes {
  roots = new Set()
  reasons = new Set()
  handled = new Set()
  passes = false
  #next = 0
  #parent = []
  #tracks
  #constants
  #call

  constructor(call, inputs) {
    this.#call = call
    this.#constants = inputs.map((input) => input?.constant === true)
    this.#tracks = inputs.map((input) => {
      if (!input) return []
      if (input.constant)
        return input.shape.flatMap((d, axis) => (d > 1 ? [{ axes: [axis], labels: this.fresh(d) }] : []))
      return input.shape.length > 1 ? [{ axes: [1], labels: this.fresh(input.shape[1]) }] : []
    })
  }

  isConstant(input) {
    return this.#constants[input] === true
  }

  isWeight(input) {
    return this.isConstant(input)
  }

  refuse(_, __, why) {
    this.reasons.add(why)
  }

  tracks(input) {
    this.handled.add(input)
    return this.#tracks[input] ?? []
  }

  labels(input, axis) {
    this.handled.add(input)
    const before = this.#tracks[input]?.find((t) => t.axes.includes(axis))
    if (before) return before.labels
    const labels = this.fresh(this.#call.inputs[input]?.shape?.[axis] ?? 0)
    this.#tracks[input]?.push({ axes: [axis], labels })
    return labels
  }

  isTracked(input, axis) {
    return !this.isConstant(input) && this.#tracks[input]?.some((t) => t.axes.includes(axis)) === true
  }

  unite(a, b) {
    a.forEach((label, i) => {
      this.#parent[this.#find(label)] = this.#find(b[i])
    })
  }

  freeze(labels, reason) {
    const incoming = this.#incoming()
    if (labels.some((label) => incoming.has(this.#find(label)))) this.reasons.add(reason)
  }

  freezeInputs(reason, input) {
    const inputs = input === undefined ? [...this.#call.inputs.keys()] : [input]
    for (const i of inputs) {
      this.handled.add(i)
      if (!this.#constants[i] && this.#tracks[i]?.length > 0) this.reasons.add(reason)
    }
  }

  fresh(count) {
    return Int32Array.from({ length: count }, () => {
      this.#parent.push(this.#next)
      return this.#next++
    })
  }

  setOutput(_, tracks) {
    const incoming = this.#incoming()
    if (tracks.some((t) => [...t.labels].some((label) => incoming.has(this.#find(label))))) this.passes = true
  }

  root(_, __, kind) {
    this.roots.add(kind)
  }

  readers() {
    return []
  }

  isFrozen() {
    return false
  }

  /** Unless inexact cuts are asked for. */
  changes(labels, reason) {
    this.freeze(labels, reason)
  }

  /** Unless masking makes them 0. */
  vanish(_, labels, reason) {
    this.freeze(labels, reason)
  }

  byRows() {}

  balance() {}
  groupedAxis() {}

  /** Labels of the channels that flow in; those of stored tensors are not among them. */
  #incoming() {
    const labels = this.#tracks.flatMap((list, i) => (this.#constants[i] ? [] : list.flatMap((t) => [...t.labels])))
    return new Set(labels.map((label) => this.#find(label)))
  }

  #find(label) {
    let l = label
    while (this.#parent[l] !== l) l = this.#parent[l]
    return l
  }
}

/** Inputs into which channels flow. */
const channelInputs = (inputs) =>
  inputs.flatMap((input, i) => (input && !input.constant && input.shape.length > 1 ? [i] : []))

const isConcrete = (call) => call.outputs.every((o) => o.shape?.every((d) => typeof d === 'number'))

/**
 * What an operator says when asked.
 * @returns {{ counts: Set<string>, roots: Set<string>, passes: boolean, ends: boolean, reasons: Set<string>, tried: number, fed: number, alone: boolean }}
 *   `counts`: kinds of operations; `ends`: takes channels in, lets them shrink, and has none in its output; `tried`: nodes it accepted;
 *   `fed`: those of them into which channels flow; `alone`: accepts a node without inputs
 */
export function probe(operator, callOf) {
  const found = {
    counts: new Set(),
    roots: new Set(),
    passes: false,
    ends: false,
    reasons: new Set(),
    tried: 0,
    fed: 0,
    alone: false,
  }
  const calls = [...acceptedCalls(operator, callOf)]
  // Rules may rely on known shapes; only where an operator's outputs depend on data are there none to be had.
  const usable = calls.filter(({ call }) => isConcrete(call))
  for (const { call, inputs } of usable.some(({ inputs }) => channelInputs(inputs).length > 0) ? usable : calls) {
    const notes = new Notes(call, inputs)
    if (!asked(() => operator.channels.tie(call, notes))) continue
    found.tried++
    if (typeof operator.cost === 'function' && isConcrete(call))
      for (const [kind, n] of Object.entries(operator.cost(call)))
        if (n > 0 && kind !== 'accumulators') found.counts.add(kind)
    for (const kind of notes.roots) found.roots.add(kind)
    for (const reason of notes.reasons) found.reasons.add(reason)
    // What accepts no inputs and does not look at those that it is given has none.
    if (inputs.length === 0) found.alone = true
    const looks = notes.handled.size > 0 || !found.alone
    const fed = channelInputs(inputs)
    if (fed.length > 0 && looks) found.fed++
    if (notes.passes) found.passes = true
    else if (
      notes.roots.size === 0 &&
      notes.reasons.size === 0 &&
      fed.length > 0 &&
      fed.every((i) => notes.handled.has(i))
    )
      found.ends = true
  }
  return found
}

/** False where the rule finds fault with the made-up node (an index out of range, say). */
function asked(rule) {
  try {
    rule()
    return true
  } catch (error) {
    if (error.name === 'NodeError') return false
    throw error
  }
}
