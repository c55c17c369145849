import { describe, expect, it } from 'vitest'
import { createLoader } from '../loader.ts'
import { imagesFromArrays } from '../sets/arrays.ts'
import type { Transform } from '../types.ts'
import { ByteResizer } from './resize.ts'

/*
 * Pillow 9.4:
 *
 *   import numpy as np
 *   from PIL import Image
 *   i = np.arange(35)
 *   x = ((i * i * 31 + i * 97) % 256).reshape(5, 7)
 *   for h, w in [(9, 12), (2, 3), (3, 10), (8, 7), (5, 4), (1, 1)]:
 *       b = Image.fromarray(x.astype('uint8')).resize((w, h), Image.BILINEAR)
 *       f = Image.fromarray((x / 255).astype('float32'), mode='F').resize((w, h), Image.BILINEAR)
 *       print([h, w], list(b.getdata()), ['%.7f' % v for v in f.getdata()])
 */
const pillow: readonly { size: readonly [number, number]; bytes: readonly number[]; floats: readonly number[] }[] = [
  {
    size: [9, 12],
    bytes: [
      0, 48, 123, 92, 62, 59, 75, 109, 171, 233, 190, 162, 50, 88, 148, 102, 67, 99, 125, 144, 190, 237, 179, 141, 133,
      156, 190, 119, 76, 166, 207, 201, 223, 245, 161, 107, 88, 137, 211, 120, 56, 137, 161, 130, 178, 236, 127, 57, 10,
      96, 228, 118, 28, 84, 83, 26, 115, 224, 90, 4, 56, 125, 232, 174, 124, 155, 129, 46, 109, 200, 123, 74, 97, 150,
      233, 210, 187, 193, 150, 59, 100, 171, 153, 140, 124, 161, 218, 170, 122, 102, 76, 42, 76, 127, 167, 191, 140,
      167, 209, 146, 83, 48, 31, 32, 61, 101, 175, 222,
    ],
    floats: [
      0.0, 0.1882353, 0.4810458, 0.3617647, 0.2411765, 0.2320261, 0.2937908, 0.4264706, 0.6705883, 0.9133987, 0.7441177,
      0.6352941, 0.1960784, 0.3460785, 0.5794118, 0.4006536, 0.2624183, 0.3889978, 0.4888889, 0.5620915, 0.7467321,
      0.9300653, 0.7013072, 0.5542484, 0.5228758, 0.6091504, 0.7433551, 0.4654684, 0.2978213, 0.6506173, 0.8140523,
      0.7881264, 0.8736383, 0.9578431, 0.6299564, 0.4191721, 0.3442266, 0.5340959, 0.829448, 0.471024, 0.2181917,
      0.5369281, 0.633769, 0.5087146, 0.6996006, 0.9263617, 0.4993464, 0.2248366, 0.0392157, 0.3745098, 0.8960784,
      0.4617647, 0.1098039, 0.3294118, 0.3271242, 0.1029412, 0.4503268, 0.8800654, 0.3539216, 0.0156863, 0.2178649,
      0.4894336, 0.9118736, 0.6805374, 0.4850762, 0.6055556, 0.5041394, 0.1808279, 0.429085, 0.782934, 0.4830065,
      0.2901961, 0.3816994, 0.5895425, 0.9128541, 0.824074, 0.7339869, 0.7553377, 0.5873275, 0.2299564, 0.3930283,
      0.6709877, 0.5972767, 0.5498911, 0.4862745, 0.6303922, 0.8545752, 0.6666667, 0.477451, 0.3996732, 0.295207,
      0.1640523, 0.2977124, 0.4997822, 0.6522876, 0.7503268, 0.5490196, 0.654902, 0.8196079, 0.5722222, 0.3235294,
      0.1862745, 0.1199346, 0.1245098, 0.2405229, 0.3970588, 0.6852942, 0.8705882,
    ],
  },
  {
    size: [2, 3],
    bytes: [116, 129, 166, 156, 115, 127],
    floats: [0.4567864, 0.5061969, 0.6491979, 0.6111026, 0.451295, 0.4991597],
  },
  {
    size: [3, 10],
    bytes: [
      64, 116, 134, 64, 106, 140, 161, 221, 195, 135, 59, 153, 189, 73, 128, 127, 71, 186, 148, 53, 119, 177, 203, 141,
      119, 84, 40, 109, 156, 183,
    ],
    floats: [
      0.2521009, 0.4560784, 0.5254902, 0.252549, 0.4173109, 0.5502521, 0.6298599, 0.867507, 0.7628011, 0.5310925,
      0.2326797, 0.6017429, 0.7418301, 0.2885839, 0.5009151, 0.4981699, 0.2803486, 0.7281046, 0.5825272, 0.2091503,
      0.4683474, 0.6957423, 0.794958, 0.5518208, 0.4667227, 0.3282913, 0.1580392, 0.4254902, 0.6087395, 0.7159664,
    ],
  },
  {
    size: [8, 7],
    bytes: [
      0, 128, 62, 58, 116, 236, 162, 66, 160, 59, 133, 157, 243, 135, 141, 202, 54, 223, 198, 251, 94, 54, 226, 29, 149,
      75, 240, 34, 36, 239, 73, 145, 22, 218, 43, 87, 242, 187, 210, 38, 185, 122, 119, 225, 137, 111, 36, 134, 182,
      140, 212, 90, 30, 32, 96, 222,
    ],
    floats: [
      0.0, 0.5019608, 0.2431373, 0.227451, 0.454902, 0.9254902, 0.6352941, 0.2573529, 0.6254902, 0.2328431, 0.522549,
      0.6161765, 0.9529412, 0.5289216, 0.5539216, 0.7936274, 0.2098039, 0.8730392, 0.7754902, 0.9838235, 0.3686275,
      0.2107843, 0.8867647, 0.1117647, 0.5838236, 0.295098, 0.9397059, 0.1333333, 0.1397059, 0.9382353, 0.2857843,
      0.5666667, 0.0867647, 0.8539216, 0.1700981, 0.3406863, 0.9480392, 0.7318628, 0.8215686, 0.1504902, 0.7264706,
      0.4789216, 0.4666667, 0.8828431, 0.5382353, 0.4367647, 0.1392157, 0.5240196, 0.7127451, 0.5490196, 0.8313726,
      0.3529412, 0.1176471, 0.1254902, 0.3764706, 0.8705882,
    ],
  },
  {
    size: [5, 4],
    bytes: [58, 74, 124, 192, 167, 134, 224, 170, 108, 87, 85, 103, 161, 212, 118, 148, 168, 98, 44, 159],
    floats: [
      0.226704, 0.2905098, 0.4853333, 0.7510738, 0.6547152, 0.5236079, 0.8784314, 0.6681606, 0.4235294, 0.3422745,
      0.3350588, 0.4041083, 0.6326798, 0.8307451, 0.4614902, 0.5803922, 0.660691, 0.3827451, 0.1734902, 0.6233427,
    ],
  },
  { size: [1, 1], bytes: [128], floats: [0.5030095] },
]
const image = Uint8Array.from({ length: 35 }, (_, i) => (i * i * 31 + i * 97) % 256)

describe.each(pillow)('resize 5 × 7 to $size', ({ size, bytes, floats }) => {
  const [height, width] = size

  it('of floats agrees with Pillow', async () => {
    // Two channels, the second upside down: channels are apart from each other.
    const both = Uint8Array.from([...image, ...image.toReversed()])
    const set = imagesFromArrays({ images: both, labels: [0], channels: 2, height: 5, width: 7 })
    const loader = createLoader(set, { batchSize: 1, training: false, transforms: [{ kind: 'resize', size }] })
    expect(loader.shape).toEqual([2, height, width])
    for await (const { images } of loader.epoch(0)) {
      const [plain, reversed] = [images.slice(0, height * width), images.slice(height * width).reverse()]
      floats.forEach((value, i) => {
        expect(Math.abs(plain[i]! - value)).toBeLessThan(2e-7)
        expect(Math.abs(reversed[i]! - value)).toBeLessThan(2e-7)
      })
    }
    expect.assertions(1 + 2 * floats.length)
  })

  it('of bytes is what Pillow makes, bit for bit', () => {
    expect([...new ByteResizer({ kind: 'resize', size }).resize(image, [1, 5, 7]).pixels]).toEqual(bytes)
    const twice = new ByteResizer({ kind: 'resize', size }).resize(
      Uint8Array.from([...image, ...image]),
      [2, 5, 7],
    ).pixels
    expect([...twice]).toEqual([...bytes, ...bytes])
  })
})

it('a size that stays leaves images as they are', async () => {
  expect(new ByteResizer({ kind: 'resize', size: [5, 7] }).resize(image, [1, 5, 7]).pixels).toBe(image)
  const set = imagesFromArrays({ images: image, labels: [0], channels: 1, height: 5, width: 7 })
  const loader = createLoader(set, { batchSize: 1, training: false, transforms: [{ kind: 'resize', size: [5, 7] }] })
  for await (const { images } of loader.epoch(0)) expect(images).toEqual(Float32Array.from(image, (v) => v / 255))
  expect.assertions(2)
})

/*
 * torchvision 0.29 on Pillow 13, of the image above (`im`), one row of pixels after the other; the last two with Pillow alone:
 *
 *   CenterCrop(s)(Resize(s)(im))                            # s = 3, 4
 *   CenterCrop((2, 4))(im); CenterCrop((6, 9))(im)
 *   c = Image.new('L', (6, 6), 114); c.paste(im.resize((6, 4), Image.BILINEAR), (0, 1))
 *   c = Image.new('L', (4, 5), 0); c.paste(im.resize((4, 3), Image.BILINEAR), (0, 1))
 */
const placed: readonly [what: string, transform: Transform & { size: readonly [number, number] }, bytes: number[]][] = [
  ['cover 3', { kind: 'resize', size: [3, 3], fit: 'cover' }, [105, 100, 167, 133, 125, 123, 165, 147, 76]],
  [
    'cover 4',
    { kind: 'resize', size: [4, 4], fit: 'cover' },
    [74, 98, 101, 184, 133, 118, 146, 180, 119, 175, 138, 107, 159, 163, 76, 71],
  ],
  ['crop 2×4', { kind: 'centreCrop', size: [2, 4] }, [16, 112, 14, 234, 198, 216, 40, 182]],
  [
    'crop 6×9',
    { kind: 'centreCrop', size: [6, 9] },
    [
      ...[
        0, 0, 128, 62, 58, 116, 236, 162, 0, 0, 150, 200, 56, 230, 210, 252, 100, 0, 0, 10, 238, 16, 112, 14, 234, 4, 0,
      ],
      ...[0, 92, 242, 198, 216, 40, 182, 130, 0, 0, 140, 212, 90, 30, 32, 96, 222, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ],
  ],
  [
    'contain 6, border 114',
    { kind: 'resize', size: [6, 6], fit: 'contain', border: 114 },
    [
      ...[114, 114, 114, 114, 114, 114, 58, 119, 78, 123, 209, 164, 115, 161, 101, 151, 208, 95, 92, 203, 144, 92, 149],
      ...[101, 146, 188, 100, 53, 92, 184, 114, 114, 114, 114, 114, 114],
    ],
  ],
  [
    'contain 5×4',
    { kind: 'resize', size: [5, 4], fit: 'contain' },
    [0, 0, 0, 0, 105, 100, 167, 183, 133, 125, 123, 128, 165, 147, 76, 154, 0, 0, 0, 0],
  ],
]

describe.each(placed)('%s', (_, transform, bytes) => {
  it('of bytes is what torchvision and Pillow make', () => {
    const made = new ByteResizer(transform as never).resize(image, [1, 5, 7])
    expect([made.shape, [...made.pixels]]).toEqual([[1, ...transform.size], bytes])
  })

  it('of floats is the same, but for rounding', async () => {
    const set = imagesFromArrays({ images: image, labels: [0], channels: 1, height: 5, width: 7 })
    const loader = createLoader(set, { batchSize: 1, training: false, transforms: [transform] })
    expect(loader.shape).toEqual([1, ...transform.size])
    for await (const { images } of loader.epoch(0))
      bytes.forEach((value, i) => {
        expect(Math.abs(255 * images[i]! - value)).toBeLessThan(1.01)
      })
    expect.assertions(1 + bytes.length)
  })
})

it('bgr exchanges red and blue', async () => {
  const set = imagesFromArrays({
    images: Uint8Array.of(255, 0, 51, 102, 204, 153),
    labels: [0],
    channels: 3,
    height: 1,
    width: 2,
  })
  const loader = createLoader(set, { batchSize: 1, training: false, transforms: [{ kind: 'channels', order: 'bgr' }] })
  for await (const { images } of loader.epoch(0))
    expect([...images].map((v) => Math.round(255 * v))).toEqual([204, 153, 51, 102, 255, 0])
  expect.assertions(1)
})
