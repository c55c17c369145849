import { profileModel } from '../cost/index.ts'
import type { Model } from '../graph/index.ts'
import { adderLaw, convolutionLaw, evaluateLaw } from '../ops/index.ts'

/*
 * What the nodes of a network do, in the groups by which papers count: layers with weights, and how many numbers pass through everything else.
 */

export interface Work {
  readonly muls: number
  readonly adds: number
}

/** A layer with weights, counted and by its formula; a bias is left out. */
export interface CountedLayer extends Work {
  readonly name: string
  readonly adder: boolean
  readonly formula: Work
}

export interface CountedNetwork {
  /** In the order of the graph: the first is the first convolution, the last the classifier. */
  readonly layers: readonly CountedLayer[]
  /** Numbers that come out of layers with weights: a bias would be added to each. */
  readonly weighted: number
  /** Numbers that come out of other operators, by what these are. */
  readonly normalised: number
  readonly activated: number
  readonly added: number
  /** Numbers that go into poolings. */
  readonly pooled: number
}

/** @param model of batch 1 */
export function countNetwork(model: Model): CountedNetwork {
  const layers: CountedLayer[] = []
  const passed = { weighted: 0, normalised: 0, activated: 0, added: 0, pooled: 0 }
  const size = (shape: readonly (number | null)[] | null | undefined): number =>
    ((shape ?? []) as readonly number[]).reduce((p, d) => p * d, 1)
  for (const layer of profileModel(model).layers) {
    const op = layer.op.replace(/^.*[.:]/, '')
    const outputs = size(layer.outputs[0]?.shape)
    if (op === 'BatchNormalization') passed.normalised += outputs
    else if (op === 'Relu') passed.activated += outputs
    else if (op === 'Add') passed.added += outputs
    else if (/Pool$/.test(op)) passed.pooled += size(layer.inputs[0]?.shape)
    if (!/^(Conv|AdderConv|Gemm)$/.test(op)) continue
    passed.weighted += outputs
    const [x, w, bias] = layer.inputs.map((i) => i.shape as number[])
    const adder = op === 'AdderConv'
    const [outChannels = 0, inChannels = 0, ...kernel] = w!
    const sizes = {
      P: outputs / outChannels,
      K: kernel.reduce((p, d) => p * d, 1),
      C_in: x![1]!,
      C_out: outChannels,
      g: x![1]! / inChannels,
    }
    const { muls, adds } = evaluateLaw(adder ? adderLaw : convolutionLaw, sizes)
    layers.push({
      name: layer.name,
      adder,
      muls: layer.muls!,
      adds: layer.adds! - (bias ? outputs : 0),
      formula: { muls, adds },
    })
  }
  return { layers, ...passed }
}

export const sumOf = (layers: readonly CountedLayer[], of: (layer: CountedLayer) => number): number =>
  layers.reduce((total, layer) => total + of(layer), 0)

/** What may be counted, and how often, besides the multiplications of the layers between the first and the last. */
export interface Counting {
  readonly first: 0 | 1
  readonly classifier: 0 | 1
  /** Shortcuts that change the shape: 1×1 convolutions, or padding, which is free. */
  readonly shortcuts: 'convolution' | 'padding'
  readonly biases: 0 | 1
  /** Operations per number. */
  readonly normalisation: number
  readonly activation: number
  readonly addition: number
  readonly pooling: number
  /** What K, M and G are powers of. */
  readonly thousand: 1000 | 1024
}

const choices: { readonly [K in keyof Counting]: readonly Counting[K][] } = {
  first: [1, 0],
  classifier: [1, 0],
  shortcuts: ['convolution', 'padding'],
  biases: [0, 1],
  normalisation: [0, 1, 2, 3, 4],
  activation: [0, 1, 2],
  addition: [0, 1, 2],
  pooling: [0, 1],
  thousand: [1000, 1024],
}

/** All ways of counting that are tried, plain ones first. */
export const countings: readonly Counting[] = Object.entries(choices).reduce<readonly object[]>(
  (ways, [name, values]) => values.flatMap((value) => ways.map((way) => ({ ...way, [name]: value }))),
  [{}],
) as readonly Counting[]

/**
 * Operations of a network by a way of counting.
 * @param networks with both kinds of shortcuts; the same twice where it has none
 * @param power of `thousand` in the unit of the number: 2 for M
 * @returns in units of 1000 to that power, times it
 */
export function countBy(
  way: Counting,
  networks: Readonly<Record<Counting['shortcuts'], CountedNetwork>>,
  power: number,
): number {
  const n = networks[way.shortcuts]
  const [first, ...rest] = n.layers
  const classifier = rest.pop()
  const operations =
    way.first * (first?.muls ?? 0) +
    sumOf(rest, (l) => l.muls) +
    way.classifier * (classifier?.muls ?? 0) +
    way.biases * n.weighted +
    way.normalisation * n.normalised +
    way.activation * n.activated +
    way.addition * n.added +
    way.pooling * n.pooled
  return operations * (1000 / way.thousand) ** power
}

/** In words: `convolutions and classifier, 2 per normalised number`. */
export function countingText(way: Counting): string {
  const per = (count: number, what: string) => (count === 0 ? [] : [`${count} per ${what}`])
  return [
    way.first ? 'convolutions' : 'convolutions but the first',
    ...(way.classifier ? ['classifier'] : []),
    ...(way.shortcuts === 'padding' ? ['shortcuts free'] : []),
    ...(way.biases ? ['biases'] : []),
    ...per(way.normalisation, 'normalised number'),
    ...per(way.activation, 'activation'),
    ...per(way.addition, 'addition of shortcuts'),
    ...per(way.pooling, 'number pooled'),
    ...(way.thousand === 1024 ? ['K = 1024'] : []),
  ].join(', ')
}
