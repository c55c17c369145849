import { isConcrete, KerfError } from '../base/index.ts'
import { analyse, editGraph, type Node, nodeLabel } from '../graph/index.ts'
import { operators } from '../ops/index.ts'
import { floatsOf, openProgram, type Program, type RunningOptions } from '../runtime/index.ts'
import type { TrainingGraph } from './graph/training-graph.ts'

/** Where values first went wrong. */
export interface Fault {
  /** An input that was wrong before anything was computed: images, a weight. */
  readonly input?: string
  /** The node that made the first NaN or infinite values of finite ones. */
  readonly node?: { readonly opType: string; readonly name: string }
  readonly count: number
  readonly of: number
}

/**
 * Runs the last step again with every value in memory, and finds the first that is not finite.
 * @param program holds the step's inputs
 * @returns undefined where all are finite this time, or where the memory does not suffice
 */
export async function faultIn(
  graph: TrainingGraph,
  program: Program,
  options: RunningOptions,
): Promise<Fault | undefined> {
  for (const name of graph.inputShapes.keys()) {
    const fault = wrongIn(program.input(name))
    if (fault) return { input: name, ...fault }
  }
  const analysis = analyse(graph.model, options.operators ?? operators, { inputShapes: graph.inputShapes })
  const isFloat = (name: string) => {
    const known = analysis.values.get(name)
    return known?.elementType === 'float32' && isConcrete(known.shape) && !analysis.constants.has(name)
  }
  const nodes = graph.model.graph.nodes
  const outputs = nodes.flatMap((n) => n.outputs.filter((o) => o !== '' && isFloat(o)))
  const model = editGraph(graph.model).setOutputs(outputs).model()
  let again: Program | undefined
  try {
    again = await openProgram(model, graph.inputShapes, { ...options, signal: undefined, onNotice: () => {} })
    for (const name of graph.inputShapes.keys()) again.input(name).set(program.input(name))
    await again.run()
    return firstFault(nodes, again, isFloat)
  } catch {
    // The error that is being explained is the one to report.
    return undefined
  } finally {
    await again?.dispose()
  }
}

function firstFault(nodes: readonly Node[], run: Program, isFloat: (name: string) => boolean): Fault | undefined {
  for (const node of nodes)
    for (const output of node.outputs)
      if (output !== '' && isFloat(output)) {
        const fault = wrongIn(floatsOf(run.read(output)))
        if (fault) return { node: { opType: node.opType, name: nodeLabel(node) }, ...fault }
      }
  return undefined
}

function wrongIn(values: Float32Array): { count: number; of: number } | undefined {
  let count = 0
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) count++
  return count === 0 ? undefined : { count, of: values.length }
}

export interface NotFinite {
  /** `the loss is NaN` */
  readonly what: string
  readonly where: Fault | undefined
  /** The update that was not made, or after which it was seen; from 1. */
  readonly step: number
  readonly learningRate: number | undefined
}

/** `Step 120: the loss is NaN. Conv "conv2" made the first values that are not finite, 3 of 4,096. Lower the learning rate (0.1) …` */
export function notFinite({ what, where, step, learningRate }: NotFinite): KerfError {
  const amount = where && `${where.count.toLocaleString('en')} of ${where.of.toLocaleString('en')}`
  const place = where?.node
    ? ` ${where.node.opType} "${where.node.name}" made the first values that are not finite, ${amount}.`
    : where
      ? ` Before the step, "${where.input}" already had values that are not finite, ${amount}.`
      : ''
  const rate = learningRate === undefined ? '' : ` (now ${learningRate})`
  return new KerfError(
    'not-finite',
    `Step ${step}: ${what}.${place} Lower the learning rate${rate}, warm it up, or clip gradients.`,
    { step, what, where, learningRate },
  )
}
