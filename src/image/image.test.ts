import { describe, expect, it } from 'vitest'
import { createLoader, imagesFromArrays } from '../data/index.ts'
import { GraphBuilder, type Model } from '../graph/index.ts'
import { modelBytes, readModel } from '../onnx/index.ts'
import {
  imageMetadata,
  imageShapes,
  imageTensor,
  imageToTensor,
  type Preprocessing,
  preprocessingFor,
  preprocessingOf,
  transformsOf,
  withImageMetadata,
} from './index.ts'

const model = (
  shape: (number | string)[] = ['N', 3, 'H', 'W'],
  elementType: 'float32' | 'uint8' = 'float32',
): Model => {
  const b = new GraphBuilder('small')
  b.output(b.node('Identity', [b.input('x', elementType, shape)], {}, { name: 'same' }))
  return b.model()
}
const inputOf = (m: Model) => m.graph.inputs[0]!
const withMetadata = (entries: Record<string, string>): Model => ({
  ...model(),
  metadata: new Map(Object.entries(entries)),
})

const plain: Preprocessing = {
  resize: [256, 256],
  fit: 'cover',
  border: 0,
  crop: [224, 224],
  channels: 3,
  order: 'rgb',
  layout: 'NCHW',
  scale: 1 / 255,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
}

describe('what a file says of images and classes', () => {
  it('comes back as it was written, beside what was there', () => {
    const before = withMetadata({ author: 'somebody' })
    const written = withImageMetadata(before, { classes: ['cat', 'dog'], preprocessing: plain })
    const { metadata } = readModel(modelBytes(written))
    expect(metadata.get('author')).toBe('somebody')
    expect(metadata.get('kerf.classes')).toBe('["cat","dog"]')
    expect(imageMetadata({ metadata })).toEqual({ classes: ['cat', 'dog'], preprocessing: plain, problems: [] })
  })

  it('is understood as Ultralytics writes it', () => {
    const detector = withMetadata({
      names: `{0: 'person', 1: "driver's seat", 2: 'a, b'}`,
      imgsz: '[640, 480]',
      stride: '32',
      task: 'detect',
    })
    expect(imageMetadata(detector)).toEqual({
      classes: ['person', "driver's seat", 'a, b'],
      preprocessing: {
        resize: [640, 480],
        fit: 'contain',
        border: 114,
        order: 'rgb',
        scale: 1 / 255,
        mean: [0],
        std: [1],
      },
      problems: [],
    })
    const classifier = withMetadata({
      names: '{"0": "cat", "1": "dog"}',
      imgsz: '[224, 224]',
      stride: '1',
      task: 'classify',
    })
    expect(imageMetadata(classifier)).toMatchObject({
      classes: ['cat', 'dog'],
      preprocessing: { fit: 'cover', border: 0 },
    })
    for (const names of ['{0: 1}', "{1: 'x', 2: 'y'}", 'person', '{}', "{0: 'x' 1: 'y'}"])
      expect(imageMetadata(withMetadata({ names })).classes).toBeUndefined()
  })

  it("is understood as ONNX's own keys have it, in capitals or not", () => {
    const caffe = withMetadata({ 'Image.BitmapPixelFormat': 'Bgr8', 'Image.NominalPixelRange': 'NominalRange_0_255' })
    expect(imageMetadata(caffe).preprocessing).toEqual({ order: 'bgr', channels: 3, scale: 1, mean: [0], std: [1] })
    const signed = withMetadata({ 'image.nominalpixelrange': 'normalized_1_1' })
    const { scale = 0, mean = [], std = [] } = imageMetadata(signed).preprocessing ?? {}
    expect([0, 255].map((v) => (v * scale - mean[0]!) / std[0]!)).toEqual([-1, 1])
  })

  it('is understood as mean and std of pixels from 0 to 1, with commas between them', () => {
    const saved = (mean: string, std: string) => imageMetadata(withMetadata({ mean, std })).preprocessing
    expect(saved('0.5, 0.4,0.3', '0.2,0.2,0.25')).toEqual({
      scale: 1 / 255,
      mean: [0.5, 0.4, 0.3],
      std: [0.2, 0.2, 0.25],
    })
    expect(saved('0.13', '0.31')).toEqual({ scale: 1 / 255, mean: [0.13], std: [0.31] })
    // Of pixels from 0 to 255, of two channels, of nothing, of words.
    for (const [mean, std] of [
      ['127', '64'],
      ['0,0', '0.2,0.2'],
      ['0.5', ''],
      ['0.5', 'one'],
    ] as const)
      expect(saved(mean, std)).toBeUndefined()
  })

  it('says what cannot be understood, and counts it as not there', () => {
    const broken = withMetadata({ 'kerf.classes': '["cat", 2]', 'kerf.image': '{"mean":[0,0]}' })
    expect(imageMetadata(broken)).toEqual({
      classes: undefined,
      preprocessing: undefined,
      problems: [
        'kerf.classes in the file\'s metadata cannot be understood, so that it is passed over: ["cat", 2]',
        'kerf.image in the file\'s metadata cannot be understood, so that it is passed over: {"mean":[0,0]}',
      ],
    })
  })
})

it('the shape of an image is told where the graph leaves it open', () => {
  const told = (shape: (number | string)[]) => [
    ...imageShapes(withImageMetadata(model(shape), { preprocessing: plain })),
  ]
  expect(told(['N', 3, 'H', 'W'])).toEqual([['x', [1, 3, 224, 224]]])
  expect(told(['N', 3, 64, 64])).toEqual([['x', [1, 3, 64, 64]]])
  expect([...imageShapes(model())]).toEqual([])
})

describe('how images become an input', () => {
  it('is as the file says, and flags override single fields', () => {
    const { preprocessing, assumed } = preprocessingFor(inputOf(model()), { mean: [0.5] }, plain)
    expect(assumed).toEqual([])
    expect(preprocessing).toEqual({ ...plain, mean: [0.5, 0.5, 0.5] })
  })

  it('is assumed where nothing says it, and that is said', () => {
    const known = preprocessingFor(inputOf(model(['N', 3, 32, 48])))
    expect(known.assumed).toEqual(['fit', 'order', 'scale', 'mean and std'])
    expect(known.preprocessing).toMatchObject({
      resize: [32, 48],
      fit: 'cover',
      mean: [0.485, 0.456, 0.406],
      layout: 'NCHW',
    })
    const open = preprocessingFor(inputOf(model()))
    expect([open.assumed[0], open.preprocessing.resize]).toEqual(['size', [224, 224]])
    expect(preprocessingFor(inputOf(model([1, 28, 28, 1]))).preprocessing).toMatchObject({
      ...{ channels: 1, layout: 'NHWC', resize: [28, 28], scale: 1 / 255, mean: [0], std: [1] },
    })
    expect(preprocessingFor(inputOf(model([1, 3, 8, 8], 'uint8'))).preprocessing).toMatchObject({
      scale: 1,
      mean: [0, 0, 0],
    })
    // ImageNet's mean is one of values from 0 to 1.
    expect(preprocessingFor(inputOf(model()), { scale: 1 }).preprocessing.mean).toEqual([0, 0, 0])
  })

  it("does not take a size that is not the input's: the file's is passed over, the caller's refused", () => {
    const input = inputOf(model([1, 3, 64, 64]))
    expect(preprocessingFor(input, {}, plain).preprocessing).toMatchObject({ resize: [64, 64], crop: undefined })
    expect(() => preprocessingFor(input, { resize: [32, 32] })).toThrow(
      'Input "x" takes 64×64 pixels, not 32×32. Resize to 64x64.',
    )
    const open = inputOf(model())
    expect(preprocessingFor(open, { resize: [240, 240] }, plain).preprocessing.crop).toEqual([224, 224])
    expect(preprocessingFor(open, { resize: [96, 96] }, plain).preprocessing.crop).toBeUndefined()
    expect(() => preprocessingFor(input, { mean: [0, 0] })).toThrow('mean has 2 values for 3 channels.')
    expect(() => preprocessingFor(inputOf(model([1, 4, 8, 8])))).toThrow(
      'Input "x" [1,4,8,8] takes no image: that has four dimensions, NCHW, with 1 or 3 channels.',
    )
  })
})

describe('an image as a tensor', () => {
  // 1 × 2 pixels; of the second half of the light goes through.
  const image = { data: Uint8ClampedArray.of(255, 0, 51, 255, 102, 204, 0, 128), width: 2, height: 1 }
  const rounded = (data: ArrayLike<number>) => Array.from(data, (v) => Math.round(1000 * v) / 1000)

  it('has the order, layout, scale, mean and deviation that were asked for, alpha on black', () => {
    const p: Preprocessing = { ...plain, resize: undefined, crop: undefined, mean: [0, 0, 0.5], std: [1, 1, 0.5] }
    expect(rounded(imageTensor(image, p).data as Float32Array)).toEqual([1, 0.2, 0, 0.4, -0.6, -1])
    const other = imageTensor(image, { ...p, order: 'bgr', layout: 'NHWC', mean: [0, 0, 0], std: [1, 1, 1], scale: 1 })
    expect([other.shape, [...other.data]]).toEqual([
      [1, 1, 2, 3],
      [51, 0, 255, 0, 102, 51],
    ])
  })

  it("is grey by Pillow's luma", () => {
    // Image.fromarray(rgb).convert('L')
    const data = Uint8Array.of(...[255, 0, 0, 0, 255, 0, 0, 0, 255], ...[10, 200, 30, 255, 255, 255, 1, 2, 3])
    const grey: Preprocessing = {
      ...plain,
      resize: undefined,
      crop: undefined,
      channels: 1,
      scale: 1,
      mean: [0],
      std: [1],
    }
    expect([...imageTensor({ data, width: 6, height: 1 }, grey, 'uint8').data]).toEqual([76, 150, 29, 124, 255, 2])
  })

  it('is what the model takes', () => {
    const told = withImageMetadata(model(['N', 3, 2, 2]), {
      preprocessing: { ...plain, resize: [2, 2], fit: 'fill', crop: undefined, mean: [0, 0, 0], std: [1, 1, 1] },
    })
    const { shape, data } = imageToTensor(image, told)
    expect([shape, rounded(data as Float32Array)]).toEqual([
      [1, 3, 2, 2],
      [1, 0.2, 1, 0.2, 0, 0.4, 0, 0.4, 0.2, 0, 0.2, 0],
    ])
    expect(() => imageToTensor(image, told, { input: 'y' })).toThrow('The model has no input "y". Its inputs: x.')
    expect(() => imageToTensor({ data: new Uint8Array(5), width: 2, height: 1 }, told)).toThrow(
      'The image has 5 bytes for 1×2 pixels; expected 1, 3 or 4 for each.',
    )
  })

  it('is the same as that of a data set with the transforms of the same preprocessing', async () => {
    const data = Uint8Array.from({ length: 3 * 35 }, (_, i) => (i * i * 31 + i * 97) % 256)
    const p: Preprocessing = { ...plain, resize: [5, 5], crop: [3, 4], order: 'bgr' }
    const { data: tensor } = imageTensor({ data, height: 5, width: 7 }, p)
    const planes = Uint8Array.from({ length: 3 * 35 }, (_, i) => data[(i % 35) * 3 + Math.floor(i / 35)]!)
    const set = imagesFromArrays({ images: planes, labels: [0], channels: 3, height: 5, width: 7 })
    const loader = createLoader(set, { batchSize: 1, training: false, transforms: transformsOf(p) })
    expect(loader.shape).toEqual([3, 3, 4])
    // Bytes are rounded after resizing, floats are not.
    for await (const { images } of loader.epoch(0))
      images.forEach((v, i) => {
        expect(Math.abs(v - (tensor[i] as number))).toBeLessThan(1 / 255 / 0.22)
      })
    expect.assertions(1 + 36)
  })
})

describe('transforms of a recipe', () => {
  it('become a preprocessing and back', () => {
    for (const p of [
      plain,
      { ...plain, order: 'bgr' as const },
      { ...plain, channels: 1 as const, mean: [0.5], std: [0.25] },
      { ...plain, fit: 'contain' as const, border: 114, crop: undefined },
    ])
      for (const channels of [1, 3]) expect(preprocessingOf(transformsOf(p), [channels, 9, 9])).toEqual(p)
  })

  it('leave out what is random, and have the size of the images where nothing resizes them', () => {
    const mnist = preprocessingOf(
      [
        { kind: 'crop', padding: 2 },
        { kind: 'flip', probability: 0.5 },
      ],
      [1, 28, 28],
    )
    expect(mnist).toMatchObject({ resize: [28, 28], channels: 1, mean: [0], std: [1], scale: 1 / 255 })
    expect(mnist.crop).toBeUndefined()
  })

  it('have pixels from 0 to 1: another scale goes into mean and deviation', () => {
    const caffe: Preprocessing = {
      ...plain,
      resize: [4, 4],
      fit: 'fill',
      crop: undefined,
      scale: 1,
      mean: [102, 51, 255],
      std: [51, 51, 51],
    }
    expect(transformsOf(caffe)).toEqual([
      { kind: 'resize', size: [4, 4] },
      { kind: 'channels', order: 'rgb' },
      { kind: 'normalise', mean: [102 / 255, 51 / 255, 1], deviation: [51 / 255, 51 / 255, 51 / 255] },
    ])
    const twice = [
      { kind: 'normalise' as const, mean: [0.5], deviation: [0.25] },
      { kind: 'normalise' as const, mean: [2], deviation: [4] },
    ]
    // ((x − 0.5) ÷ 0.25 − 2) ÷ 4 = (x − 1) ÷ 1
    expect(preprocessingOf(twice, [1, 4, 4])).toMatchObject({ mean: [1], std: [1] })
  })
})
