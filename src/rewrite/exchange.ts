import { KerfError, type Shape, seededRandom, seedFrom, type Turn } from '../base/index.ts'
import { type Analysis, analyse, editGraph, type Model, nodeLabel } from '../graph/index.ts'
import type { Replaced, Rewrite, RewriteContext, RewriteLayer, Variant } from './rewrite.ts'

/* Layers of a network in the place of which others stand. */

/** A layer that was exchanged. */
export interface SwappedLayer {
  /** Its name. */
  readonly node: string
  /** The nodes that stand in its place, in order, by their names: what it costs now is the sum of what they cost. */
  readonly nodes: readonly string[]
  /** What they learn. */
  readonly parameters: readonly (Replaced['parameters'][number] & {
    /** Of the tensor. */
    readonly shape: readonly number[]
  })[]
  /** ‖W − W′‖ ÷ ‖W‖, where the new layers do nearly what the layer did: W′ is what they do together. */
  readonly weightError?: number
  /** What else the rewrite says of it. */
  readonly facts: NonNullable<Replaced['facts']>
}

/** A layer that is to be swapped, and settings of its own. */
export interface ChosenLayer {
  readonly layer: RewriteLayer
  readonly settings: Variant['settings']
}

/** What a rewrite is made to work with. */
export interface Exchange {
  readonly rewrite: Rewrite
  readonly settings: object
  readonly seed: number
  readonly turn: Turn
}

/**
 * The network with other layers.
 * @param model the one that is analysed, or a part of it
 * @param onSwapped called after each layer
 * @throws KerfError `bad-rewrite`
 */
export async function exchanged(
  model: Model,
  layers: readonly ChosenLayer[],
  { rewrite, settings, seed, turn }: Exchange,
  onSwapped: (done: number) => void = () => {},
): Promise<{
  readonly model: Model
  readonly swapped: readonly SwappedLayer[]
  readonly reordered: ReadonlyMap<string, readonly number[]>
}> {
  const chosen = new Map(layers.map((c) => [c.layer.node, c]))
  const editor = editGraph(model).setNodes([])
  const random: RewriteContext['random'] = (tensor) => seededRandom(seedFrom(seed, tensor))
  const swapped: SwappedLayer[] = []
  const reordered = new Map<string, readonly number[]>()
  for (const node of model.graph.nodes) {
    const own = chosen.get(node)
    if (!own) {
      editor.add(node)
      continue
    }
    await turn()
    const before = editor.nodes.length
    const context = { editor, settings: { ...settings, ...own.settings }, random, turn }
    const { parameters, facts = {}, weightError, reordered: moved = [] } = await rewrite.replace(own.layer, context)
    for (const [value, order] of moved) reordered.set(value, order)
    const nodes = editor.nodes.slice(before).map(nodeLabel)
    const shapeOf = (name: string) => editor.initializers.get(name)?.shape ?? []
    swapped.push({
      node: own.layer.name,
      nodes,
      parameters: parameters.map((p) => ({ ...p, shape: shapeOf(p.name) })),
      ...(weightError === undefined ? {} : { weightError }),
      facts,
    })
    onSwapped(swapped.length)
  }
  const result = editor.dropUnread().model()
  for (const { layer } of layers.slice(0, 1)) {
    const { operators, options, model: whole } = layer.analysis
    // A part of a network has other inputs, of known shapes.
    const after = analyse(result, operators, model === whole ? options : {})
    checkReplaced(
      rewrite,
      layers.map((chosen) => chosen.layer),
      after,
    )
  }
  return { model: result, swapped, reordered }
}

/** @throws KerfError `bad-rewrite` where what a layer made is made no longer, or of another shape */
function checkReplaced({ name }: Rewrite, layers: readonly RewriteLayer[], after: Analysis): void {
  for (const { name: layer, node, analysis } of layers)
    for (const output of node.outputs.filter((o) => o !== '')) {
      const [was, is] = [analysis, after].map((a) => a.values.get(output)?.shape)
      const problem = after.producers.has(output)
        ? differs(was, is) && `makes "${output}" of ${layer} [${is?.join(',')}], which was [${was?.join(',')}]`
        : `leaves "${output}" of ${layer} to be made by nothing`
      if (problem)
        throw new KerfError(
          'bad-rewrite',
          `The rewrite ${name} ${problem}. What stands in a layer's place makes what it made.`,
          {
            ...{ rewrite: name, node: layer, value: output, expected: was, received: is },
          },
        )
    }
}

/** As far as both are known. */
const differs = (a: Shape | undefined, b: Shape | undefined): boolean =>
  a !== undefined &&
  b !== undefined &&
  (a.length !== b.length || a.some((d, i) => typeof d === 'number' && typeof b[i] === 'number' && d !== b[i]))
