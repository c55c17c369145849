import { KerfError } from '../base/index.ts'
import { type AttributeValue, GraphBuilder, type Model, type Tensor, tensorOf } from '../graph/index.ts'
import { defaultInitialization, drawn, heDeviation, type Initialization } from './init.ts'
import type { ConvSpec, FeatureMap, LayerName, PoolSpec } from './layer-spec.ts'
import type { ConvolutionOperator, NetOptions } from './options.ts'
import { pair, slid } from './sliding.ts'

const ordinaryConvolution: ConvolutionOperator = { opType: 'Conv', domain: '', weightDeviation: heDeviation }

/**
 * Adds layers to a graph. A layer's `name` is its path in the PyTorch model (`layer1.0.conv1`); its node has that name, its
 * weights the names PyTorch gives them (`layer1.0.conv1.weight`, `bn1.running_mean`).
 */
export class Layers {
  /** The network's input. */
  readonly input: FeatureMap
  /** How many the classifier is to tell apart. */
  readonly classes: number
  readonly #builder: GraphBuilder
  readonly #batch: number | string
  readonly #seed: number
  readonly #init: Initialization
  readonly #convolution: ConvolutionOperator

  /**
   * @param name the graph's name
   * @param published what the network was published for: sizes where `options` gives none
   */
  constructor(
    name: string,
    options: NetOptions,
    published: Required<Pick<NetOptions, 'classes' | 'inChannels' | 'inputSize'>>,
  ) {
    this.#builder = new GraphBuilder(name)
    this.#seed = options.seed ?? 0
    this.#batch = options.batch ?? 'N'
    this.#init = { ...defaultInitialization, ...options.initialization }
    this.#convolution = options.convolution ?? ordinaryConvolution
    this.classes = options.classes ?? published.classes
    const [height, width] = pair(options.inputSize ?? published.inputSize)
    const channels = options.inChannels ?? published.inChannels
    for (const [what, size] of Object.entries({
      classes: this.classes,
      inChannels: channels,
      inputSize: Math.min(height, width),
    }))
      if (!Number.isInteger(size) || size < 1)
        throw new KerfError('wrong-option', `${name}: ${what} ${size} is not a positive integer.`, {
          net: name,
          [what]: size,
        })
    this.input = {
      value: this.#builder.input('input', 'float32', [this.#batch, channels, height, width]),
      channels,
      height,
      width,
    }
  }

  /** A convolution, or what stands for it in the network's body. */
  conv(x: FeatureMap, name: LayerName, spec: ConvSpec): FeatureMap {
    const [height, width] = pair(spec.kernel ?? 1)
    const { outChannels, groups = 1 } = spec
    const strides = pair(spec.stride ?? 1)
    const padding = [spec.padding ?? height >> 1, spec.padding ?? width >> 1] as const
    const operator = spec.ordinary ? ordinaryConvolution : this.#convolution
    const shape = [outChannels, x.channels / groups, height, width]
    const gain = spec.residual ? this.#init.residualGain : 1
    const inputs = [
      x.value,
      this.#weights(name, shape, operator.weightDeviation((x.channels / groups) * height * width) * gain),
    ]
    if (spec.bias) inputs.push(this.#bias(name, outChannels))
    const attributes = {
      kernel_shape: [height, width],
      strides,
      pads: [...padding, ...padding],
      group: groups,
    }
    return {
      value: this.#builder.node(operator.opType, inputs, attributes, { name, domain: operator.domain }),
      channels: outChannels,
      height: slid(name, x.height, height, strides[0], padding[0]),
      width: slid(name, x.width, width, strides[1], padding[1]),
    }
  }

  /**
   * BatchNormalization.
   * @param options `residual`: the last layer of a residual branch; false by default. `epsilon`: what is added to the variance, 1e-5 by default
   */
  batchNorm(x: FeatureMap, name: LayerName, options: Pick<ConvSpec, 'residual' | 'epsilon'> = {}): FeatureMap {
    const { residual = false, epsilon } = options
    const { gammaDeviation, betaDeviation, meanDeviation, varianceDeviation, residualGain } = this.#init
    const gamma = residual ? residualGain : 1
    const vector = (key: string, map: (normal: number) => number) =>
      this.#constant(`${name}.${key}`, drawn(this.#seed, `${name}.${key}`, [x.channels], map))
    const inputs = [
      vector('weight', (z) => gamma * (1 + gammaDeviation * z)),
      vector('bias', (z) => betaDeviation * z),
      vector('running_mean', (z) => meanDeviation * z),
      vector('running_var', (z) => Math.exp(varianceDeviation * z)),
    ]
    return this.#same('BatchNormalization', x, name, inputs, epsilon === undefined ? {} : { epsilon })
  }

  /** Convolution, called `convName`, and BatchNormalization, called `bnName`; `residual` is about the latter here. */
  convBn(x: FeatureMap, convName: LayerName, bnName: LayerName, spec: ConvSpec): FeatureMap {
    return this.batchNorm(this.conv(x, convName, { ...spec, residual: false }), bnName, spec)
  }

  /**
   * A fully connected layer with bias on a flattened value.
   * @param outFeatures how many outputs
   */
  linear(x: FeatureMap, name: LayerName, outFeatures: number): FeatureMap {
    const weight = this.#weights(name, [outFeatures, x.channels], heDeviation(x.channels))
    const value = this.#builder.node('Gemm', [x.value, weight, this.#bias(name, outFeatures)], { transB: 1 }, { name })
    return { ...x, value, channels: outFeatures }
  }

  /** max(x, 0) */
  relu(x: FeatureMap, name: LayerName): FeatureMap {
    return this.#same('Relu', x, name)
  }

  /** min(max(x, 0), 6) */
  relu6(x: FeatureMap, name: LayerName): FeatureMap {
    return this.#same('Clip', x, name, [this.#scalar('relu6.min', 0), this.#scalar('relu6.max', 6)])
  }

  /** min(max(x/6 + 1/2, 0), 1) */
  hardSigmoid(x: FeatureMap, name: LayerName): FeatureMap {
    return this.#same('HardSigmoid', x, name, [], { alpha: 1 / 6, beta: 0.5 })
  }

  /**
   * x · (1 + erf(x/√2)) / 2, written out: the operator Gelu came with opset 20, and these four nodes keep all networks at the opset
   * that every runtime reads. Runtimes know the pattern, because exporters write the same one.
   */
  gelu(x: FeatureMap, name: LayerName): FeatureMap {
    const scaled = this.#same('Div', x, `${name}.div`, [this.#scalar('gelu.sqrt2', Math.SQRT2)])
    const erf = this.#same('Erf', scaled, `${name}.erf`)
    const shifted = this.#same('Add', erf, `${name}.add`, [this.#scalar('gelu.one', 1)])
    return this.#same('Mul', this.mul(x, shifted, `${name}.mul`), name, [this.#scalar('gelu.half', 0.5)])
  }

  /** a + b, of the same shape. */
  add(a: FeatureMap, b: FeatureMap, name: LayerName): FeatureMap {
    return this.#same('Add', a, name, [b.value])
  }

  /** a · b; b has the shape of a, or is one factor per channel. */
  mul(a: FeatureMap, b: FeatureMap, name: LayerName): FeatureMap {
    return this.#same('Mul', a, name, [b.value])
  }

  /**
   * Channels side by side.
   * @param parts of the same height and width
   */
  concat(parts: readonly FeatureMap[], name: LayerName): FeatureMap {
    const inputs = parts.map((p) => p.value)
    const channels = parts.reduce((sum, p) => sum + p.channels, 0)
    return { ...parts[0]!, value: this.#builder.node('Concat', inputs, { axis: 1 }, { name }), channels }
  }

  /**
   * The first `channels` channels, and the others.
   * @param channels fewer than x has
   */
  split(x: FeatureMap, name: LayerName, channels: number): [FeatureMap, FeatureMap] {
    const sizes = [channels, x.channels - channels] as const
    const outputs = [`${name}_first`, `${name}_rest`] as const
    this.#builder.node('Split', [x.value, this.#builder.ints(`${name}.split`, sizes)], { axis: 1 }, { name, outputs })
    return [
      { ...x, value: outputs[0], channels: sizes[0] },
      { ...x, value: outputs[1], channels: sizes[1] },
    ]
  }

  /**
   * Channels dealt out anew, so that each of the next groups has some of every group (Zhang et al., ShuffleNet, CVPR 2018).
   * @param groups that the channels lie in
   */
  shuffle(x: FeatureMap, name: LayerName, groups: number): FeatureMap {
    const { channels, height, width } = x
    const ints = (key: string, values: readonly number[]) => this.#builder.ints(`${name}.${key}`, values)
    const apart = this.#same('Reshape', x, `${name}_groups`, [
      ints('groups', [0, groups, channels / groups, height, width]),
    ])
    const dealt = this.#same('Transpose', apart, `${name}_transpose`, [], { perm: [0, 2, 1, 3, 4] })
    return this.#same('Reshape', dealt, name, [ints('shape', [0, channels, height, width])])
  }

  /**
   * Every `step`-th row and column, from the first on.
   * @param step 2: every second one
   */
  subsample(x: FeatureMap, name: LayerName, step: number): FeatureMap {
    const ints = (key: string, values: readonly number[]) => this.#builder.ints(`${name}.${key}`, values)
    const inputs = [
      ints('starts', [0, 0]),
      ints('ends', [x.height, x.width]),
      ints('axes', [2, 3]),
      ints('steps', [step, step]),
    ]
    return {
      ...this.#same('Slice', x, name, inputs),
      height: Math.ceil(x.height / step),
      width: Math.ceil(x.width / step),
    }
  }

  /**
   * Channels of zeros before and after those of x.
   * @param before how many
   * @param after how many
   */
  padChannels(x: FeatureMap, name: LayerName, before: number, after: number): FeatureMap {
    const pads = this.#builder.ints(`${name}.pads`, [0, before, 0, 0, 0, after, 0, 0])
    return { ...this.#same('Pad', x, name, [pads]), channels: before + x.channels + after }
  }

  /** The largest value of each window. */
  maxPool(x: FeatureMap, name: LayerName, spec: PoolSpec): FeatureMap {
    const { kernel, stride, padding = 0, ceilMode = false } = spec
    const attributes = {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
      ceil_mode: ceilMode ? 1 : 0,
    }
    const size = (n: number) => slid(name, n, kernel, stride, padding, ceilMode)
    return { ...this.#same('MaxPool', x, name, [], attributes), height: size(x.height), width: size(x.width) }
  }

  /** The mean of every channel, [batch, channels, 1, 1]. */
  globalAveragePool(x: FeatureMap, name: LayerName): FeatureMap {
    return { ...this.#same('GlobalAveragePool', x, name), height: 1, width: 1 }
  }

  /** [batch, channels · height · width] */
  flatten(x: FeatureMap, name: LayerName): FeatureMap {
    return {
      ...this.#same('Flatten', x, name, [], { axis: 1 }),
      channels: x.channels * x.height * x.width,
      height: 1,
      width: 1,
    }
  }

  /** Ends the network: what was added last becomes the output `logits` [batch, classes]. */
  model(): Model {
    return this.#ending('logits', [this.classes])
  }

  /** Ends a block: its last feature map, which was added last, becomes the output `output` [batch, channels, height, width]. */
  block({ channels, height, width }: FeatureMap): Model {
    return this.#ending('output', [channels, height, width])
  }

  #ending(name: LayerName, shape: readonly number[]): Model {
    const last = this.#builder.model().graph.nodes.at(-1)
    if (last) this.#builder.rename(last.outputs[0]!, name)
    this.#builder.output(name, { kind: 'tensor', elementType: 'float32', shape: [this.#batch, ...shape] })
    return this.#builder.model()
  }

  /** A node whose output has the shape of its first input. */
  #same(
    opType: string,
    x: FeatureMap,
    name: LayerName,
    more: readonly string[] = [],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): FeatureMap {
    return { ...x, value: this.#builder.node(opType, [x.value, ...more], attributes, { name }) }
  }

  #weights(layer: string, shape: readonly number[], deviation: number): string {
    const name = `${layer}.weight`
    const scale = deviation * this.#init.weightGain
    return this.#constant(
      name,
      drawn(this.#seed, name, shape, (z) => scale * z),
    )
  }

  #bias(layer: string, size: number): string {
    const name = `${layer}.bias`
    return this.#constant(
      name,
      drawn(this.#seed, name, [size], (z) => this.#init.biasDeviation * z),
    )
  }

  #scalar(name: LayerName, value: number): string {
    return this.#constant(name, tensorOf('float32', [], [value]))
  }

  #constant(name: LayerName, tensor: Tensor): string {
    return this.#builder.constant(name, tensor)
  }
}
