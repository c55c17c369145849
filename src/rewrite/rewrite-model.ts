import {
  indentedLines,
  KerfError,
  type NamePattern,
  NodeError,
  type Shape,
  seededRandom,
  seedFrom,
  stoppable,
  type Task,
  type Turn,
  turns,
} from '../base/index.ts'
import { macsOf } from '../cost/index.ts'
import {
  type Analysis,
  analyse,
  bindInputs,
  editGraph,
  type Model,
  type Node,
  nodeLabel,
  type OperatorSet,
  opsetOf,
  quantisedWeight,
  simplified,
  withStoredConstants,
} from '../graph/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.ts'
import { runnableOperators } from '../ops/index.ts'
import { rewriteOf } from './catalogue.ts'
import type { Replaced, Rewrite, RewriteLayer, RewriteRefusal, Variant } from './rewrite.ts'
import { settingsFrom } from './settings.ts'
import { chooseVariants, defaultTarget, type RewriteTarget, type VariedLayer } from './target.ts'

/** Which layers are exchanged, and how. */
export interface RewriteOptions<S extends object = object> extends Task {
  /** By default all that the rewrite takes but those that it keeps. */
  readonly layers?: NamePattern
  /** What the rewrite lets be set. Default: as `Rewrite.settings` has it. */
  readonly settings?: Partial<S>
  /** How large layers become, in the place of a setting, for rewrites that have variants; where neither is given, as much as keeps 0.95 of the energy. */
  readonly target?: RewriteTarget
  /** Shapes of inputs that the file leaves open, by their names; '' for the only one. Costs follow from them. */
  readonly inputs?: ReadonlyMap<string, readonly number[]>
  /** Draws weights; 0 by default. */
  readonly seed?: number
  /** What is known of operators: Kerf's, and your own (`withOperators`). Default `runnableOperators`. */
  readonly operators?: OperatorSet
}

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

/** A layer that stays as it is. */
export interface UnswappedLayer {
  /** Its name. */
  readonly node: string
  /** Why, in words. */
  readonly why: string
}

/** A network with other layers, and what became of each. */
export interface RewriteResult {
  /** Its statistics fit the new layers no longer: see `measureStatistics`. */
  readonly model: Model
  /** In the order of the nodes. */
  readonly swapped: readonly SwappedLayer[]
  /** Could be swapped, and is kept on purpose. */
  readonly kept: readonly UnswappedLayer[]
  /** Cannot be swapped: convolutions, and what calculates with weights where the pattern means it. */
  readonly refused: readonly (UnswappedLayer & RewriteRefusal)[]
}

/**
 * Exchanges layers, those of model-local functions, composite operators, branches and loops that are known too. The model given is not changed.
 * @param source a model in any form; in browsers a text is an address, in Node a path
 * @param rewrite one of `rewrites` by its name, or one of your own
 * @throws as `openModel`; KerfError `unknown-rewrite`, `unknown-setting`, `bad-setting`, `bad-target`, `no-such-layer` for a pattern that no layer has, `nothing-to-swap`, `out-of-reach` for a target that no variants reach, `unknown-shape` for MACs that cannot be counted, `quantised`,
 *   `unsupported-opset`, `bad-rewrite` where it leaves another graph than it should, `aborted`; NodeError `cannot-swap` for a layer asked for by its very
 *   name that cannot be swapped; and what the rewrite throws
 */
export const rewriteModel = <S extends object>(
  source: ModelSource,
  rewrite: string | Rewrite<S>,
  options: RewriteOptions<S> = {},
): Promise<RewriteResult> =>
  stoppable('Rewriting', async () => rewritten(await modelOf(source, options), rewriteOf(rewrite), options))

async function rewritten(given: Model, rewrite: Rewrite, options: RewriteOptions): Promise<RewriteResult> {
  const { operators = runnableOperators, seed = 0, signal, progress } = options
  const settings = settingsFrom(rewrite.name, rewrite.settings, options.settings)
  checkTarget(rewrite, options)
  const turn = turns(signal, 'Rewriting')
  await turn()
  const sizes = options.inputs ? bindInputs(given.graph, options.inputs) : {}
  const found = analyse(simplified(given, operators), operators, sizes)
  checkModel(found, rewrite)
  const { taken, ...others } = choose(found, rewrite, settings, options.layers)
  const inputs = taken.flatMap(({ node }) => node.inputs)
  const model = withStoredConstants(found, inputs)
  const analysis = model === found.model ? found : analyse(model, operators, sizes)
  const wanted = new Set(taken.map((layer) => resultOf(layer.node)))
  const stored = layersOf(analysis).filter((l) => wanted.has(resultOf(l.node)))
  const { layers, kept } = await withVariants(stored, rewrite, settings, options, turn)
  const editor = editGraph(model).setNodes([])
  const random = (tensor: string) => seededRandom(seedFrom(seed, tensor))
  const swapped: SwappedLayer[] = []
  for (const node of model.graph.nodes) {
    const chosen = layers.get(node)
    if (!chosen) {
      editor.add(node)
      continue
    }
    await turn()
    const { layer } = chosen
    const before = editor.nodes.length
    const context = { editor, settings: { ...settings, ...chosen.settings }, random, turn }
    const { parameters, facts = {}, weightError } = await rewrite.replace(layer, context)
    const nodes = editor.nodes.slice(before).map(nodeLabel)
    const shapeOf = (name: string) => editor.initializers.get(name)?.shape ?? []
    swapped.push({
      node: layer.name,
      nodes,
      parameters: parameters.map((p) => ({ ...p, shape: shapeOf(p.name) })),
      ...(weightError === undefined ? {} : { weightError }),
      facts,
    })
    progress?.({ what: 'rewriting', done: swapped.length, total: layers.size, unit: 'layers' })
  }
  const result = editor.dropUnread().model()
  checkReplaced(
    rewrite,
    [...layers.values()].map(({ layer }) => layer),
    analyse(result, operators, sizes),
  )
  return { model: result, swapped, ...others, kept: [...others.kept, ...kept] }
}

/** @throws KerfError `bad-target` */
function checkTarget({ name, variants }: Rewrite, { target }: RewriteOptions): void {
  if (target && !variants)
    throw new KerfError(
      'bad-target',
      `The rewrite ${name} makes one thing of a layer: there is nothing for a target to choose. Leave it out, and choose layers (--layers).`,
      { rewrite: name },
    )
}

/** A layer that is to be swapped, and settings of its own. */
interface ChosenLayer {
  readonly layer: RewriteLayer
  readonly settings: Variant['settings']
}

/** Layers with the variant that is chosen for each; those for which there is none stay. */
async function withVariants(
  stored: readonly RewriteLayer[],
  rewrite: Rewrite,
  settings: object,
  { target, layers: pattern, progress, settings: given = {} }: RewriteOptions,
  turn: Turn,
): Promise<{ readonly layers: ReadonlyMap<Node, ChosenLayer>; readonly kept: readonly UnswappedLayer[] }> {
  const isOpen = target !== undefined || Object.values(settings).includes(undefined)
  if (!rewrite.variants || !isOpen)
    return { layers: new Map(stored.map((layer) => [layer.node, { layer, settings: {} }])), kept: [] }
  const macs = macsOf(stored[0]!.analysis)
  const varied: VariedLayer[] = []
  for (const layer of stored) {
    progress?.({ what: 'looking at layers', done: varied.length, total: stored.length, unit: 'layers' })
    const variants = await rewrite.variants(layer, { settings, turn })
    const own = variants.flatMap((v) => Object.keys(v.settings)).find((name) => Object.hasOwn(given, name))
    if (target && own !== undefined)
      throw new KerfError(
        'bad-target',
        `The setting "${own}" says how large layers become, and so does the target: give one of the two.`,
        { setting: own },
      )
    varied.push({ layer, macs: macs.get(layer.node), variants })
  }
  const chosen = await chooseVariants(varied, target ?? defaultTarget, stored[0]!.analysis, pattern !== undefined)
  const layers = new Map<Node, ChosenLayer>()
  const kept: UnswappedLayer[] = []
  chosen.forEach((choice, i) => {
    const { layer } = varied[i]!
    if ('why' in choice) kept.push({ node: layer.name, why: choice.why })
    else layers.set(layer.node, { layer, settings: choice.variant.settings })
  })
  if (layers.size === 0) throw nothingToSwap([], kept)
  return { layers, kept }
}

/** @throws KerfError `unsupported-opset`, `quantised` */
function checkModel({ model, stored }: Analysis, { title, opset: first = 1 }: Rewrite): void {
  const opset = opsetOf(model.opsetImports, '')
  if (opset < first)
    throw new KerfError(
      'unsupported-opset',
      `A network with ${title} takes opset ${first} or higher; the model has ${opset}. Convert it first (onnx.version_converter).`,
      { opset },
    )
  const codes = quantisedWeight(stored)
  if (codes !== undefined)
    throw new KerfError(
      'quantised',
      `The network is quantised: the weight "${codes}" holds codes of few bits, made for the values that its layers see now. Swap the network that it was made of, and quantise what comes out (kerf quantize).`,
      { weight: codes },
    )
}

const convolutions = ['Conv', 'ConvTranspose']
/** What calculates with weights. A pattern for a part of a network meets other nodes too; these are no layers that somebody wants swapped. */
const weighted = [...convolutions, 'AdderConv', 'Gemm', 'MatMul']

/** All nodes, as rewrites meet them. */
function layersOf(analysis: Analysis): RewriteLayer[] {
  const { nodes } = analysis.model.graph
  const stored = nodes.filter((n) => n.inputs.slice(1).some((name) => name !== '' && analysis.constants.has(name)))
  const first = stored.find((n) => n.opType === 'Conv')
  const last = stored.findLast((n) => ['Conv', 'Gemm', 'MatMul'].includes(n.opType))
  const placeOf = (node: Node) => (node === first ? 'first' : node === last ? 'last' : undefined)
  return nodes.map((node) => ({ name: nodeLabel(node), node, place: placeOf(node), analysis }))
}

/** Its first output, which tells a node from all others in any version of a graph. */
const resultOf = ({ outputs }: Node): string => outputs.find((name) => name !== '') ?? ''

/** @throws KerfError `no-such-layer`, `nothing-to-swap`; NodeError `cannot-swap` */
function choose(analysis: Analysis, rewrite: Rewrite, settings: object, pattern: NamePattern | undefined) {
  const layers = layersOf(analysis)
  const meant = pattern ? layers.filter((l) => pattern.matches(l.name)) : layers
  if (pattern && meant.length === 0) {
    const names = layers.filter((l) => !rewrite.refusal(l, settings)).map((l) => l.name)
    throw new KerfError(
      'no-such-layer',
      `No layer is called "${pattern.text}". Those that can be swapped: ${names.slice(0, 8).join(', ') || 'none'}${names.length > 8 ? ` and ${names.length - 8} more` : ''}.`,
      { pattern: pattern.text },
    )
  }
  const taken: RewriteLayer[] = []
  const kept: UnswappedLayer[] = []
  const refusals: (UnswappedLayer & RewriteRefusal & { readonly opType: string })[] = []
  for (const layer of meant) {
    const { opType } = layer.node
    const refusal = rewrite.refusal(layer, settings)
    if (refusal && pattern?.text === layer.name)
      throw new NodeError('cannot-swap', {
        ...{ opType, node: layer.name, problem: refusal.why },
        remedy: 'Choose other layers.',
      })
    const why = pattern || refusal ? undefined : rewrite.kept?.(layer)
    if (refusal) refusals.push({ node: layer.name, ...refusal, opType })
    else if (why !== undefined) kept.push({ node: layer.name, why })
    else taken.push(layer)
  }
  const told = pattern ? weighted : convolutions
  const refused = refusals.flatMap(({ opType, ...refusal }) => (told.includes(opType) ? [refusal] : []))
  if (taken.length === 0) throw nothingToSwap(refused.length > 0 || !pattern ? refused : refusals, kept)
  return { taken, kept, refused }
}

function nothingToSwap(refused: readonly UnswappedLayer[], kept: readonly UnswappedLayer[]): KerfError {
  const reasons = [...refused, ...kept].map((l) => `${l.node}: ${l.why}`)
  return new KerfError(
    'nothing-to-swap',
    `No layer can be swapped. Choose ${reasons.length > 0 ? 'others' : 'some'} with --layers.${indentedLines(reasons)}`,
    { refused, kept },
  )
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
