import { basename } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { readModelFile } from '../onnx/index.node.ts'
import { describeShared, lightModelPaths, modelNames, modelPath, networks } from '../testing/shared.ts'
import { profileModel } from './profile.ts'
import type { Layer, Profile } from './types.ts'

interface Reference {
  readonly macs: number
  readonly conv_fc_reads: number
  readonly conv_fc_writes: number
  readonly conv_fc_params: number
  readonly params: number
}

describeShared('the networks of ../shared/models', () => {
  let reference: Readonly<Record<string, Reference>>
  beforeAll(() => {
    reference = networks() as typeof reference
  })

  // The file's numbers are for one image of 224 × 224.
  it.each(modelNames)('%s costs what PyTorch hooks counted', (name) => {
    const profile = profileModel(readModelFile(modelPath(name)))
    const linear = profile.layers.filter((l) => ['Conv', 'Gemm', 'MatMul'].includes(l.op))
    const sum = (key: keyof Layer & ('reads' | 'writes' | 'params')) => linear.reduce((total, l) => total + l[key]!, 0)
    expect(profile.unsupported).toEqual([])
    expect({
      macs: profile.totals.macs,
      conv_fc_reads: sum('reads'),
      conv_fc_writes: sum('writes'),
      conv_fc_params: sum('params'),
      params: profile.totals.params,
    }).toEqual(reference[name])
  })

  it('are all of the reference', () => {
    expect([...modelNames].sort()).toEqual(Object.keys(reference).sort())
  })
})

describeShared('the networks of ../shared/onnx/light', () => {
  const macs: Readonly<Record<string, number>> = {
    resnet50: 4_089_184_256,
    densenet121: 2_834_161_664,
    vgg19: 19_632_062_464,
    squeezenet: 349_151_936,
    shufflenet: 124_664_528,
    bvlc_alexnet: 654_560_384,
    inception_v1: 1_431_556_352,
    inception_v2: 2_018_851_840,
    zfnet512: 1_481_727_008,
  }
  // As published for these networks; this DenseNet has a Mul and an Add with vectors of its own behind each BatchNormalization: 83,648 more.
  const params: Readonly<Record<string, number>> = {
    resnet50: 25_557_032,
    densenet121: 7_978_856 + 83_648,
    vgg19: 143_667_240,
    squeezenet: 1_235_496,
  }
  const nameOf = (path: string) => basename(path, '.onnx').replace('light_', '')
  const profiles = new Map<string, Profile>()
  beforeAll(() => {
    for (const path of lightModelPaths) profiles.set(nameOf(path), profileModel(readModelFile(path)))
  })

  it.each(Object.entries(macs))('%s has %i MACs', (name, expected) => {
    expect(profiles.get(name)?.totals.macs).toBe(expected)
    expect(profiles.get(name)?.unsupported).toEqual([])
  })

  it.each(Object.entries(params))(
    '%s has %i parameters, though they sit in ConstantOfShape nodes',
    (name, expected) => {
      expect(profiles.get(name)?.totals.params).toBe(expected)
    },
  )

  it('are all nine', () => {
    expect([...profiles.keys()].sort()).toEqual(Object.keys(macs).sort())
  })
})
