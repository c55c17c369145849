// The layers whose speed is measured: bodies of networks with ordinary and with adder layers, in floats and in whole numbers.

import { seededRandom } from '../../base/index.ts'
import { analyse, GraphBuilder, type Model, type Node, tensorOf } from '../../graph/index.ts'
import { runnableOperators } from '../../ops/index.ts'
import { type InputRange, quantizeAdderLayers } from '../../quantize/index.ts'

export interface Body {
  readonly channels: number
  /** Height and width. */
  readonly size: number
  /** Convolutions behind each other. */
  readonly layers: number
}

type Kind = 'Conv' | 'AdderConv'
const kernel = 3

/** What each output adds up, over all layers. */
export const termsOf = ({ channels, size, layers }: Body): number =>
  size * size * kernel * kernel * channels * channels * layers

/** Convolution, BatchNormalization, Relu, several times: what a network's body is made of. Values stay near 1. */
export function body(kind: Kind, { channels, size, layers }: Body, seed: number): Model {
  const random = seededRandom(seed)
  const b = new GraphBuilder(kind)
  const taps = kernel * kernel * channels
  const adder = kind === 'AdderConv'
  let x = b.input('x', 'float32', [1, channels, size, size])
  const vector = (name: string, value: number) =>
    b.constant(name, tensorOf('float32', [channels], new Float32Array(channels).fill(value)))
  for (let l = 0; l < layers; l++) {
    const deviation = adder ? 1 : Math.sqrt(2 / taps)
    const weights = Float32Array.from({ length: channels * taps }, () => deviation * random.normal())
    const w = b.constant(`w${l}`, tensorOf('float32', [channels, channels, kernel, kernel], weights))
    const y = b.node(kind, [x, w], { pads: [1, 1, 1, 1] }, { name: `conv${l}`, domain: adder ? 'ai.kerf' : '' })
    const mean = adder ? -taps : 0
    const variance = adder ? 0.6 * taps : 1
    const statistics = [vector(`g${l}`, 1), vector(`b${l}`, 0), vector(`m${l}`, mean), vector(`v${l}`, variance)]
    x = b.node('Relu', [b.node('BatchNormalization', [y, ...statistics])], {}, { outputs: [`y${l}`] })
  }
  b.output(x, { kind: 'tensor', elementType: 'float32', shape: [1, channels, size, size] })
  return b.model()
}

/** The same in codes; ranges as activations behind Relu have them. */
export function coded(model: Model, bits: number): Model {
  const ranges = model.graph.nodes
    .filter((n) => n.opType === 'AdderConv')
    .map((node, i): [Node, InputRange] => [node, { lo: i === 0 ? -4 : 0, hi: 4 }])
  return quantizeAdderLayers(analyse(model, runnableOperators), new Map(ranges), bits).model
}

/** Ordinary layers in bytes: QLinearConv, with BatchNormalization folded into scales and ReLU into a zero point of 0. */
export function integer({ channels, size, layers }: Body, seed: number): Model {
  const random = seededRandom(seed)
  const b = new GraphBuilder('QLinearConv')
  const taps = kernel * kernel * channels
  const scale = (name: string, value: number) => b.constant(name, tensorOf('float32', [], [value]))
  const zero = (name: string, value: number) => b.constant(name, tensorOf('uint8', [], [value]))
  const shape = [1, channels, size, size]
  // Inputs within ±4, weights within four deviations, activations up to 4.
  const weightScale = (4 * Math.sqrt(2 / taps)) / 127
  let settings = [scale('x_scale', 8 / 255), zero('x_zero', 128)]
  let x = b.node('QuantizeLinear', [b.input('x', 'float32', shape), ...settings])
  for (let l = 0; l < layers; l++) {
    const codes = Uint8Array.from({ length: channels * taps }, () =>
      Math.min(255, Math.max(0, Math.round(128 + (127 / 4) * random.normal()))),
    )
    const w = b.constant(`w${l}`, tensorOf('uint8', [channels, channels, kernel, kernel], codes))
    const next = [scale(`y${l}_scale`, 4 / 255), zero(`y${l}_zero`, 0)]
    const inputs = [x, ...settings, w, scale(`w${l}_scale`, weightScale), zero(`w${l}_zero`, 128), ...next]
    x = b.node('QLinearConv', inputs, { pads: [1, 1, 1, 1] }, { name: `conv${l}` })
    settings = next
  }
  b.output(b.node('DequantizeLinear', [x, ...settings]), { kind: 'tensor', elementType: 'float32', shape })
  return b.model()
}
