import { KerfError, type NamePattern, stoppable } from '../../base/index.ts'
import {
  type Analysis,
  analyse,
  editGraph,
  inFloat32,
  type Model,
  nodeLabel,
  type OperatorSet,
  opsetOf,
  simplified,
  tensorOf,
} from '../../graph/index.ts'
import { type ModelSource, modelOf } from '../../onnx/index.ts'
import { runnableOperators } from '../../ops/index.ts'
import { type AdderScale, adderScale } from '../adder-codes.ts'
import { type Correction, correctMeans } from '../bias-correction.ts'
import { withOutputs } from '../calibration.ts'
import { drifts, fewOf, type KeptBatch, type ObserveOptions, observeImages, onlyInput } from '../images.ts'
import { Observer } from '../observer.ts'
import { chooseRange, type RangeMethod } from '../ranges.ts'
import { equalised } from './equalise.ts'
import { foldNormalisation } from './fold-normalisation.ts'
import { type CodedPlaces, codedPlaces, type KeptLayer, keeping } from './places.ts'
import { biasSteps, type CodedBias, type CodedLayer, writeCodes } from './write-codes.ts'

/*
 * Post-training quantisation of ordinary networks (Jacob et al., CVPR 2018; Nagel et al., "A White Paper on Neural Network Quantization", 2021): weights
 * symmetric with a scale per channel, values between layers asymmetric with a scale per tensor, ranges from calibration images.
 */

/** How an ordinary network is quantised, and on what it is calibrated. */
export interface IntegerOptions extends ObserveOptions {
  /** Of weights and values: 2 to 8; 8 by default. */
  readonly bits?: number
  /** How ranges are chosen; 'mse' by default. */
  readonly range?: RangeMethod
  /** Channels are made alike across layers before (cross-layer equalisation); false by default. */
  readonly equalise?: boolean
  /** Each channel's mean is put right on calibration images, in its bias; false by default. */
  readonly biasCorrection?: boolean
  /** Layers that stay in floating point, by their names. */
  readonly keep?: readonly NamePattern[]
  /** So many layers more stay in floating point: those whose codes alone change the output most. 0 by default. */
  readonly keepWorst?: number
}

/** What quantisation did to a layer. */
export interface IntegerLayer extends CodedLayer {
  /** The tensor that it reads. */
  readonly input: string
  /** Codes of what it reads: x ≈ scale·(code − zeroPoint). */
  readonly scale: number
  /** The code of 0. */
  readonly zeroPoint: number
  /** Root mean square of the change of what it makes, in the quantised network, by that of its values; on the first images. */
  readonly drift: number
}

/** An ordinary network in whole numbers, and what that did to it. */
export interface IntegerNetwork {
  /** With pairs of QuantizeLinear and DequantizeLinear; any ONNX runtime runs it. */
  readonly model: Model
  /** Of weights and values. */
  readonly bits: number
  /** How ranges were chosen. */
  readonly range: RangeMethod
  /** Images that ranges follow from. */
  readonly images: number
  /** In the order of the nodes. */
  readonly layers: readonly IntegerLayer[]
  /** Layers that stay in floating point, and why. */
  readonly kept: readonly KeptLayer[]
  /** For each layer the change of the output where it alone is in codes; undefined where that was not asked for. */
  readonly sensitivity: ReadonlyMap<string, number> | undefined
  /** Root mean square of the change of the first output, by that of its values; on the first images. */
  readonly outputDrift: number
}

/** Weights with a scale per channel. */
const firstOpset = 13
const what = 'Quantising'

/**
 * Quantises the convolutions and linear layers of a network, and what lies between them, to whole numbers of 8 bits.
 * @param source a model in any form; in browsers a text is an address, in Node a path
 * @throws as `openModel`; KerfError `bad-argument` for other bits; `no-layers` where nothing can be quantised; `unsupported-opset` below 13; `unsupported-input`
 *   for a network with several inputs; `no-data`; `constant-data` where all pixels or all images are the same; `not-finite`; `aborted`
 */
export const quantizeIntegers = (source: ModelSource, options: IntegerOptions): Promise<IntegerNetwork> =>
  stoppable(what, async () => quantised(await modelOf(source, options), options))

/** Layers of a network that `quantizeIntegers` would put in whole numbers. */
export interface IntegerLayers {
  /** Their names, in the order of the nodes. */
  readonly layers: readonly string[]
  /** Those that would stay in floating point, and why. */
  readonly kept: readonly KeptLayer[]
}

/**
 * What `quantizeIntegers` would put in whole numbers.
 * @param model a network
 * @throws KerfError `unsupported-opset` below 13; `unsupported-input` for a network with several inputs; `no-layers` where nothing can be quantised
 */
export function integerLayers(model: Model): IntegerLayers {
  check(model, 8)
  onlyInput(model)
  const places = codedPlaces(analyse(alive(model, runnableOperators), runnableOperators), () => false)
  if (places.layers.length === 0) throw nothing(places)
  return { layers: places.layers.map(({ node }) => nodeLabel(node)), kept: places.kept }
}

/** Without what no output is made of: a layer there would get codes, and then be dropped. */
const alive = (model: Model, operators: OperatorSet): Model =>
  editGraph(simplified(model, operators)).dropDead().model()

async function quantised(file: Model, options: IntegerOptions): Promise<IntegerNetwork> {
  const { bits = 8, range = 'mse', keep = [], keepWorst = 0, operators = runnableOperators } = options
  const given = inFloat32(file)
  check(given, bits)
  const input = onlyInput(given)
  const folded = foldNormalisation(alive(given, operators), operators)
  const analysis = analyse(options.equalise ? equalised(folded, operators) : folded, operators)
  const isKept = keeping(keep)
  const all = codedPlaces(analysis, isKept)
  if (all.layers.length === 0) throw nothing(all)
  // All of them: where a layer stays in floating point, what is moved behind it has a scale of its own.
  const observers = new Map([...all.values.keys()].map((name) => [name, new Observer()]))
  const watched = withOutputs(analysis.model, [...observers.keys()])
  const { kept: batches, count } = await observeImages(
    watched,
    (values) => {
      for (const [name, observer] of observers) observer.add(values(name))
    },
    what,
    options,
  )
  const codes = new Map([...observers].map(([name, observer]) => [name, codesOf(name, observer, bits, range)]))
  const written = (places: CodedPlaces) => writeCodes(analysis, places, codes, bits, range === 'mse')
  const few = fewOf(given, batches[0]!)
  const sensitivity =
    keepWorst > 0 ? await sensitivities(analysis, all, (places) => written(places).model, few, options) : undefined
  const worst = new Set(
    [...(sensitivity ?? [])]
      .sort(([, a], [, b]) => b - a)
      .slice(0, keepWorst)
      .map(([name]) => name),
  )
  const places = worst.size === 0 ? all : codedPlaces(analysis, (node) => isKept(node) || worst.has(nodeLabel(node)))
  if (places.layers.length === 0) throw nothing(places)
  const plain = written(places)
  const model = options.biasCorrection
    ? await correctMeans(analysis.model, plain.model, correctionsOf(plain.biases), input.name, batches, options)
    : plain.model
  const outputs = places.layers.map(({ node }) => node.outputs[0]!)
  const [output = ''] = analysis.model.graph.outputs.map(({ name }) => name)
  const shown = outputs.filter((name) => name !== output)
  const drift = await drifts(withOutputs(analysis.model, shown), withOutputs(model, shown), few, options)
  const layers = places.layers.map(({ node, input }, i): IntegerLayer => {
    const { scale, zeroPoint } = codes.get(places.values.get(input)!)!
    return { ...plain.layers[i]!, input, scale, zeroPoint, drift: drift(node.outputs[0]!) }
  })
  const kept = places.kept.map((layer) =>
    worst.has(layer.node) ? { ...layer, why: 'its codes alone change the output most' } : layer,
  )
  return { model, bits, range, images: count, layers, kept, sensitivity, outputDrift: drift(output) }
}

function check({ opsetImports }: Model, bits: number): void {
  if (!Number.isInteger(bits) || bits < 2 || bits > 8)
    throw new KerfError('bad-argument', `Networks can be quantised to 2 to 8 bits, not ${bits}.`, { bits })
  const opset = opsetOf(opsetImports, '')
  if (opset < firstOpset)
    throw new KerfError(
      'unsupported-opset',
      `Weights with a scale per channel take opset ${firstOpset} or higher; the model has ${opset}. Convert it first (onnx.version_converter).`,
      { opset },
    )
}

function nothing({ kept }: CodedPlaces): KerfError {
  const [first] = kept
  const message = first
    ? `No layer can be quantised. "${first.node}": ${first.why}.`
    : 'The model has no convolution and no linear layer that could be quantised.'
  return new KerfError('no-layers', message, { kept })
}

function codesOf(name: string, observer: Observer, bits: number, range: RangeMethod): AdderScale {
  // What is 0 everywhere – channels that are dead – takes any scale.
  if (observer.min === 0 && observer.max === 0) return adderScale(bits, 0, 1)
  try {
    const { lo, hi } =
      observer.min === observer.max ? { lo: observer.min, hi: observer.max } : chooseRange(observer, [], bits, range)
    return adderScale(bits, lo, hi)
  } catch (error) {
    if (!(error instanceof KerfError)) throw error
    throw new KerfError(
      error.code,
      `The tensor "${name}" ${error.message}: no codes can be made for it. Calibrate with other data, or check the network.`,
      {
        ...error.details,
        value: name,
      },
    )
  }
}

/** Biases of 32 bits that take up what means are off by; layers without one stay. */
const correctionsOf = (biases: ReadonlyMap<string, CodedBias>): ReadonlyMap<string, Correction> =>
  new Map(
    [...biases].map(([value, { name, values, scales }]): [string, Correction] => [
      value,
      (editor, target, found) => {
        const steps = biasSteps(
          values.map((bias, c) => bias + target[c]! - found[c]!),
          scales,
        )
        editor.set(name, tensorOf('int32', [steps.length], steps))
      },
    ]),
  )

/** For each layer the change of the output where it alone is in codes. */
async function sensitivities(
  analysis: Analysis,
  places: CodedPlaces,
  write: (places: CodedPlaces) => Model,
  batch: KeptBatch,
  options: IntegerOptions,
): Promise<ReadonlyMap<string, number>> {
  const { progress, ...running } = options
  const [output = ''] = analysis.model.graph.outputs.map(({ name }) => name)
  const found = new Map<string, number>()
  for (const [i, layer] of places.layers.entries()) {
    const own = [layer.input, layer.output].map((name) => [name, places.values.get(name)!] as const)
    const alone = write({ layers: [layer], values: new Map(own), kept: [] })
    const drift = await drifts(analysis.model, alone, batch, running)
    found.set(nodeLabel(layer.node), drift(output))
    progress?.({ what: 'layers by themselves', done: i + 1, total: places.layers.length, unit: 'layers' })
  }
  return found
}
