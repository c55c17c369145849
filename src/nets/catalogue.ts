import { alexnet } from './alexnet.ts'
import { type CifarResNetOptions, cifarResNet } from './cifar-resnet.ts'
import { fasternetL, fasternetM, fasternetS, fasternetT0, fasternetT1, fasternetT2 } from './fasternet.ts'
import { ghostnet } from './ghostnet.ts'
import { googlenet } from './googlenet.ts'
import { lenet5Bn } from './lenet5-bn.ts'
import { mobilenetV1 } from './mobilenet-v1.ts'
import { mobilenetV2 } from './mobilenet-v2.ts'
import type { Net } from './options.ts'
import { resnet18, resnet34, resnet50 } from './resnet.ts'
import { squeezenet11 } from './squeezenet.ts'
import { vgg11, vgg11Bn, vgg16, vgg16Bn, vgg19, vgg19Bn } from './vgg.ts'
import { vggSmall } from './vgg-small.ts'

/** Every network by its name (torchvision's, where it has one). */
export const nets = {
  lenet5_bn: lenet5Bn,
  vgg_small: vggSmall,
  resnet20: (options?: CifarResNetOptions) => cifarResNet(20, options),
  resnet32: (options?: CifarResNetOptions) => cifarResNet(32, options),
  resnet56: (options?: CifarResNetOptions) => cifarResNet(56, options),
  resnet110: (options?: CifarResNetOptions) => cifarResNet(110, options),
  resnet20a: (options?: CifarResNetOptions) => cifarResNet(20, { ...options, shortcut: options?.shortcut ?? 'pad' }),
  resnet56a: (options?: CifarResNetOptions) => cifarResNet(56, { ...options, shortcut: options?.shortcut ?? 'pad' }),
  alexnet,
  vgg11,
  vgg11_bn: vgg11Bn,
  vgg16,
  vgg16_bn: vgg16Bn,
  vgg19,
  vgg19_bn: vgg19Bn,
  resnet18,
  resnet34,
  resnet50,
  squeezenet1_1: squeezenet11,
  mobilenet_v1: mobilenetV1,
  mobilenet_v2: mobilenetV2,
  ghostnet,
  googlenet,
  fasternet_t0: fasternetT0,
  fasternet_t1: fasternetT1,
  fasternet_t2: fasternetT2,
  fasternet_s: fasternetS,
  fasternet_m: fasternetM,
  fasternet_l: fasternetL,
} as const satisfies Record<string, Net>

/** A key of `nets`. */
export type NetName = keyof typeof nets

/** What each network is, in a line. */
export const netDescriptions: Readonly<Record<NetName, string>> = {
  lenet5_bn: 'LeNet-5 with BatchNormalization, MNIST 28×28',
  vgg_small: 'VGG-small, six convolutions, CIFAR-10 32×32',
  resnet20: 'ResNet-20 for CIFAR-10, 16/32/64 channels',
  resnet32: 'ResNet-32 for CIFAR-10, 16/32/64 channels',
  resnet56: 'ResNet-56 for CIFAR-10, 16/32/64 channels',
  resnet110: 'ResNet-110 for CIFAR-10, 16/32/64 channels',
  resnet20a: 'ResNet-20 for CIFAR-10, shortcuts without weights (option A)',
  resnet56a: 'ResNet-56 for CIFAR-10, shortcuts without weights (option A)',
  alexnet: 'AlexNet, one column, as in torchvision',
  vgg11: 'VGG-11, 8 convolutions and 3 linear layers',
  vgg11_bn: 'VGG-11 with BatchNormalization',
  vgg16: 'VGG-16, 13 convolutions and 3 linear layers',
  vgg16_bn: 'VGG-16 with BatchNormalization',
  vgg19: 'VGG-19, 16 convolutions and 3 linear layers',
  vgg19_bn: 'VGG-19 with BatchNormalization',
  resnet18: 'ResNet-18, basic blocks',
  resnet34: 'ResNet-34, basic blocks',
  resnet50: 'ResNet-50, bottlenecks that stride in their 3×3 convolution',
  squeezenet1_1: 'SqueezeNet 1.1, fire modules',
  mobilenet_v1: 'MobileNetV1, depthwise separable convolutions',
  mobilenet_v2: 'MobileNetV2, inverted bottlenecks',
  ghostnet: 'GhostNet 1.0, ghost modules and squeeze-and-excite',
  googlenet: 'GoogLeNet, inception modules with BatchNormalization',
  fasternet_t0: 'FasterNet-T0, partial convolutions, width 40, GELU',
  fasternet_t1: 'FasterNet-T1, partial convolutions, width 64, GELU',
  fasternet_t2: 'FasterNet-T2, partial convolutions, width 96',
  fasternet_s: 'FasterNet-S, partial convolutions, width 128',
  fasternet_m: 'FasterNet-M, partial convolutions, width 144',
  fasternet_l: 'FasterNet-L, partial convolutions, width 192',
}
