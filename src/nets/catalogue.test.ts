import { describe, expect, it } from 'vitest'
import { profileModel } from '../cost/index.ts'
import { analyse, editGraph, type Model, validated } from '../graph/index.ts'
import { operators } from '../ops/index.ts'
import { cifarResNet, type NetName, netDescriptions, nets } from './index.ts'

const names = Object.keys(nets) as NetName[]

/** MACs and parameters; null where no source gives them. */
const published: Readonly<Record<NetName, readonly [macs: number | null, params: number | null]>> = {
  // By hand: 25·6·28² + 150·16·10² + 400·120 + 120·84 + 84·10. AdderNet says 435 K for its variant.
  lenet5_bn: [416_520, null],
  // By hand: 3·3 convolutions 3→128→128 at 32², →256→256 at 16², →512→512 at 8², linear 8192→10. AdderNet says 0.65 G.
  vgg_small: [607_600_640, null],
  // 40,370,176 + 443,008, the count of the public adder code's network, whose shortcuts are convolutions. AdderNet's paper prints
  // 41.17 M; neither kind of shortcut gives that.
  resnet20: [40_813_184, 272_474],
  // AdderNet's 69.12 M, which confirms the convolutional shortcuts: with padded ones it would be 68.86 M.
  resnet32: [69_124_736, 466_906],
  // Parameters of CIFAR ResNets: as pruning libraries give them.
  resnet56: [null, 855_770],
  resnet110: [null, 1_730_714],
  // The ResNet paper's shortcuts without weights. By hand: 3·16·9·32² + 6n·(16²·9·32²) in each of three stages, whose first convolution
  // is half of that, + 640.
  resnet20a: [40_551_040, 269_722],
  resnet56a: [125_485_696, 853_018],
  // torchvision's, MACs counted with hooks in PyTorch.
  alexnet: [714_188_480, 61_100_840],
  vgg11: [7_609_090_048, 132_863_336],
  vgg11_bn: [7_609_090_048, 132_868_840],
  vgg16: [15_470_264_320, 138_357_544],
  vgg16_bn: [15_470_264_320, 138_365_992],
  vgg19: [19_632_062_464, 143_667_240],
  vgg19_bn: [19_632_062_464, 143_678_248],
  resnet18: [1_814_073_344, 11_689_512],
  resnet34: [null, 21_797_672],
  resnet50: [4_089_184_256, 25_557_032],
  squeezenet1_1: [349_151_936, 1_235_496],
  mobilenet_v1: [568_740_352, 4_231_976],
  mobilenet_v2: [300_774_272, 3_504_872],
  ghostnet: [141_150_512, 5_182_508],
  // Parameters: torchvision's without the auxiliary classifiers.
  googlenet: [null, 6_624_904],
  fasternet_t0: [335_422_720, 3_905_500],
  fasternet_t1: [850_511_872, 7_595_368],
  fasternet_t2: [1_904_334_848, 14_982_888],
  fasternet_s: [4_549_740_544, 31_181_032],
  fasternet_m: [8_721_938_432, 53_521_464],
  fasternet_l: [15_494_383_616, 93_465_192],
}

/** The same model, whose floating-point weights cannot be read; only the small filters of depthwise convolutions, which may be blurs, can. */
function sealed(model: Model): Model {
  const editor = editGraph(model)
  for (const [name, tensor] of model.graph.initializers) {
    if (tensor.elementType !== 'float32' || tensor.shape.length === 0) continue
    if (tensor.shape.length === 4 && tensor.shape[1] === 1) continue
    const bytes = () => {
      throw new Error(`the weights of ${name} were drawn`)
    }
    editor.set(name, { ...tensor, data: { ...tensor.data, bytes } })
  }
  return editor.model()
}

describe.each(names)('%s', (name) => {
  it('has the published MACs and parameters, counted without drawing its weights', () => {
    const [macs, params] = published[name]
    const profile = profileModel(sealed(nets[name]()))
    expect(profile.unsupported).toEqual([])
    if (macs !== null) expect(profile.totals.macs).toBe(macs)
    if (params !== null) expect(profile.totals.params).toBe(params)
  })

  it('is a valid graph with a name for every node, a symbolic batch and one output', () => {
    const model = nets[name]()
    expect(validated(model)).toBe(model)
    const nodeNames = model.graph.nodes.map((n) => n.name)
    expect(new Set(nodeNames).size).toBe(nodeNames.length)
    expect(nodeNames.filter((n) => !/^[a-z][\w.]*$/.test(n))).toEqual([])
    expect(model.graph.inputs.map((i) => i.name)).toEqual(['input'])
    expect(model.opsetImports).toEqual(new Map([['', 17]]))
    const classes = model.graph.outputs[0]?.type?.kind === 'tensor' ? model.graph.outputs[0].type.shape?.[1] : undefined
    // What the network says of its output agrees with what follows from its nodes.
    const untyped = editGraph(model).setOutputs(['logits']).model()
    expect(analyse(untyped, operators).values.get('logits')?.shape).toEqual(['N', classes])
  })

  it('has a description that names it', () => {
    expect(netDescriptions[name].length).toBeGreaterThan(10)
  })
})

describe('options', () => {
  it('sets classes, image and batch', () => {
    const model = nets.resnet18({ classes: 7, inChannels: 1, inputSize: [64, 96], batch: 5 })
    const values = analyse(model, operators).values
    expect(values.get('input')?.shape).toEqual([5, 1, 64, 96])
    expect(values.get('layer4.1.relu2_output')?.shape).toEqual([5, 512, 2, 3])
    expect(values.get('logits')?.shape).toEqual([5, 7])
  })

  it('follows the image in networks that flatten it', () => {
    const shapes = (name: NetName, inputSize: number, weight: string) =>
      nets[name]({ inputSize }).graph.initializers.get(weight)?.shape
    expect(shapes('vgg16', 224, 'classifier.0.weight')).toEqual([4096, 512 * 49])
    expect(shapes('vgg16', 64, 'classifier.0.weight')).toEqual([4096, 512 * 4])
    expect(shapes('alexnet', 127, 'classifier.1.weight')).toEqual([4096, 256 * 9])
    expect(shapes('lenet5_bn', 32, 'conv3.weight')).toEqual([120, 16, 6, 6])
  })

  it('has shortcuts without parameters for CIFAR ResNets', () => {
    // The ResNet paper's 0.27 M, 0.46 M, 0.85 M and 1.7 M.
    const params = (depth: number) => profileModel(cifarResNet(depth, { shortcut: 'pad' })).totals.params
    expect([20, 32, 56, 110].map(params)).toEqual([269_722, 464_154, 853_018, 1_727_962])
    const values = analyse(nets.resnet20({ shortcut: 'pad', inputSize: 33 }), operators).values
    expect(values.get('layer2.0.downsample.pad_output')?.shape).toEqual(['N', 32, 17, 17])
  })

  it('exchanges the convolutions of the body and leaves stem and classifier', () => {
    const convolution = { opType: 'AdderConv', domain: 'ai.kerf', weightDeviation: () => 1 }
    const { graph, opsetImports } = nets.resnet20({ convolution })
    const adders = graph.nodes.filter((n) => n.domain === 'ai.kerf' && n.opType === 'AdderConv')
    expect(graph.nodes.filter((n) => n.opType === 'Conv').map((n) => n.name)).toEqual(['conv1'])
    expect(opsetImports.get('ai.kerf')).toBe(1)
    // The public adder code's network has 269,824 adder weights.
    const size = (name: string | undefined) => graph.initializers.get(name ?? '')?.shape.reduce((a, b) => a * b, 1) ?? 0
    expect(adders.reduce((sum, n) => sum + size(n.inputs[1]), 0)).toBe(269_824)
  })

  it.each([
    [() => nets.resnet18({ classes: 0 }), 'resnet18: classes 0 is not a positive integer.'],
    [() => nets.resnet18({ inputSize: 22.5 }), 'resnet18: inputSize 22.5 is not a positive integer.'],
    [
      () => nets.vgg11({ inputSize: 16 }),
      'Layer "features.20" receives 1 pixels and needs 2. Choose a larger inputSize.',
    ],
    [() => cifarResNet(21), 'A CIFAR ResNet has 6n + 2 layers, not 21. Choose 20, 32, 44, 56 or 110.'],
  ])('refuses what cannot be built (%#)', (build, message) => {
    expect(build).toThrow(message)
  })
})
