import { KerfError } from '../base/index.ts'
import {
  type Analysis,
  analyse,
  constantContent,
  editGraph,
  graphInputs,
  type Model,
  matched,
  type Node,
  nodeLabel,
  type OperatorSet,
  op,
} from '../graph/index.ts'
import { runnableOperators } from '../ops/index.ts'
import type { InputRange } from './adder-layers.ts'
import { Observer } from './observer.ts'
import { chooseRange, type RangeMethod } from './ranges.ts'

/*
 * Calibration: which values the inputs of adder layers take on data. Whoever can run networks runs the one given here on batches and hands the
 * outputs over.
 */

/** The model with the values that codes are wanted for among its outputs. */
export interface Calibration {
  readonly model: Model
  /** The given model, without what no output depends on. */
  readonly analysis: Analysis
  /** The adder layers of the given model that can be quantised, by the value that they read. */
  readonly layers: ReadonlyMap<string, readonly Node[]>
  /** Takes in a batch: the outputs of a run of `model`, and its inputs, by name. */
  observe(values: (name: string) => ArrayLike<number>): void
  /** What was seen of a value. */
  observer(value: string): Observer
  /**
   * Ranges for all layers.
   * @throws KerfError `no-data` before anything was observed, `constant-data` and `not-finite`, naming the layer
   */
  ranges(bits: number, method: RangeMethod): Map<Node, InputRange>
  /** The same for the layers that read one value. */
  rangesOf(value: string, bits: number, method: RangeMethod): Map<Node, InputRange>
}

/** Whether codes of adder layers are asked for, where nothing is said. */
export const hasAdderLayers = ({ graph }: Model): boolean => graph.nodes.some((n) => n.opType === 'AdderConv')

/** An adder layer that reads codes. */
const coded = op('AdderConv', [op('DequantizeLinear')], { domain: 'ai.kerf' })

const isAdder = ({ domain, opType }: Node): boolean => domain === 'ai.kerf' && opType === 'AdderConv'

/**
 * Prepares a model for calibration.
 * @throws KerfError `no-adder-layers`, also where all are in codes already
 */
export function calibrate(given: Model, operators: OperatorSet = runnableOperators): Calibration {
  // What no output depends on is left out of what is written.
  const analysis = analyse(editGraph(given).dropDead().model(), operators)
  const adders = analysis.model.graph.nodes.filter(isAdder)
  const open = adders.filter((node) => !matched(analysis, node.outputs[0] ?? '', coded))
  if (open.length === 0)
    throw new KerfError(
      'no-adder-layers',
      adders.length > 0
        ? 'All adder layers of the model are quantised already. Give the model in floats.'
        : 'The model has no adder layer (AdderConv of domain ai.kerf), and only these are quantised. Make some with kerf swap --to adder, or quantise ordinary layers (quantizeIntegers, kerf quantize --to int8).',
      { coded: adders.length },
    )
  const layers = new Map<string, Node[]>()
  for (const node of open) {
    const [value = ''] = node.inputs
    layers.set(value, [...(layers.get(value) ?? []), node])
  }
  return new AdderCalibration(analysis, layers)
}

/**
 * The layers of a network that can be quantised, by their names, in the order of the nodes.
 * @param model a network
 * @throws KerfError `no-adder-layers`, also where all are in codes already: `details.coded` says how many
 */
export const quantisableLayers = (model: Model): readonly string[] => {
  const open = new Set([...calibrate(model).layers.values()].flat())
  return model.graph.nodes.filter((node) => open.has(node)).map(nodeLabel)
}

class AdderCalibration implements Calibration {
  readonly model: Model
  readonly analysis: Analysis
  readonly layers: ReadonlyMap<string, readonly Node[]>
  readonly #observers: ReadonlyMap<string, Observer>

  constructor(analysis: Analysis, layers: ReadonlyMap<string, readonly Node[]>) {
    this.analysis = analysis
    this.layers = layers
    this.model = withOutputs(analysis.model, [...layers.keys()])
    this.#observers = new Map([...layers.keys()].map((value) => [value, new Observer()]))
  }

  observe(values: (name: string) => ArrayLike<number>): void {
    for (const [name, observer] of this.#observers) observer.add(values(name))
  }

  observer(value: string): Observer {
    const observer = this.#observers.get(value)
    if (!observer) throw new KerfError('bad-argument', `"${value}" is not the input of an adder layer.`, { value })
    return observer
  }

  ranges(bits: number, method: RangeMethod): Map<Node, InputRange> {
    return new Map([...this.layers.keys()].flatMap((value) => [...this.rangesOf(value, bits, method)]))
  }

  rangesOf(value: string, bits: number, method: RangeMethod): Map<Node, InputRange> {
    const observer = this.observer(value)
    if (observer.count === 0)
      throw new KerfError('no-data', 'Nothing was observed: ranges follow from data. Give calibration images.')
    const nodes = this.layers.get(value)!
    const range = this.#range(value, nodes, observer, bits, method)
    return new Map(nodes.map((node) => [node, range]))
  }

  #range(value: string, nodes: readonly Node[], observer: Observer, bits: number, method: RangeMethod): InputRange {
    try {
      return chooseRange(
        observer,
        nodes.map((node) => this.#weights(node)),
        bits,
        method,
      )
    } catch (error) {
      if (!(error instanceof KerfError) || !['constant-data', 'not-finite'].includes(error.code)) throw error
      throw new KerfError(
        error.code,
        `The input "${value}" of AdderConv "${nodeLabel(nodes[0]!)}" ${error.message} in all calibration data, and no codes can be made for it. Calibrate with other data, or check the network.`,
        { ...error.details, value },
      )
    }
  }

  /** Weights that are known beforehand; the rewriting refuses the others. */
  #weights(node: Node): ArrayLike<number> {
    const [, weight = ''] = node.inputs
    return this.analysis.constants.has(weight) ? constantContent(this.analysis, weight).data : []
  }
}

/** A model with further values among its outputs. */
export function withOutputs(model: Model, values: readonly string[]): Model {
  const { graph } = model
  const there = new Set([...graph.outputs, ...graphInputs(graph)].map((v) => v.name))
  const more = values.filter((name) => !there.has(name))
  return editGraph(model)
    .setOutputs([...graph.outputs, ...more])
    .model()
}
