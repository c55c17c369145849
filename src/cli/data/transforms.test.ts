import { describe, expect, it } from 'vitest'
import type { Transform } from '../../data/index.ts'
import { GraphBuilder, type Model } from '../../graph/index.ts'
import { withImageMetadata } from '../../image/index.ts'
import { transformsFor, withFlags } from './transforms.ts'

const recipe: readonly Transform[] = [
  { kind: 'resize', size: 64 },
  { kind: 'flip', probability: 0.5 },
  { kind: 'normalise', mean: [0.4, 0.5, 0.6], deviation: [0.2, 0.2, 0.2] },
  { kind: 'cutout', size: 8 },
]

describe('flags over the transforms of a recipe', () => {
  it('take the place of those of their kind, which keep what is not said', () => {
    expect(withFlags(recipe, {})).toEqual(recipe)
    expect(withFlags(recipe, { resize: [32, 48], flip: 0.1, mean: [0.1] })).toEqual([
      { kind: 'resize', size: [32, 48] },
      { kind: 'flip', probability: 0.1 },
      { kind: 'normalise', mean: [0.1, 0.1, 0.1], deviation: [0.2, 0.2, 0.2] },
      { kind: 'cutout', size: 8 },
    ])
    expect(withFlags(recipe, { fit: 'contain' })[0]).toEqual({ kind: 'resize', size: 64, fit: 'contain' })
  })

  it('else come in their order: resized and cut, random, then normalised', () => {
    const flags = { mixup: 0.2, std: [0.25], crop: [56, 56], randomCrop: 4, channels: 'bgr' } as const
    expect(withFlags(recipe, flags).map((t) => t.kind)).toEqual([
      ...['resize', 'centreCrop', 'crop', 'flip', 'channels', 'normalise', 'cutout', 'mixup'],
    ])
    expect(withFlags([], { resize: [32, 32], flip: true })).toEqual([
      { kind: 'resize', size: [32, 32], fit: 'cover' },
      { kind: 'flip', probability: 0.5 },
    ])
    expect(() => withFlags([], { fit: 'fill' })).toThrow(
      '--fit says how images are resized: say to what, as in --resize 224.',
    )
  })

  it('have mean and deviation of what --scale makes: of pixels from 0 to 255 with --scale 1', () => {
    expect(withFlags([], { scale: 1, mean: [51, 102, 255], std: [51] })).toEqual([
      { kind: 'normalise', mean: [0.2, 0.4, 1], deviation: [0.2, 0.2, 0.2] },
    ])
    expect(withFlags([], { scale: 1 })).toEqual([{ kind: 'normalise', mean: [0], deviation: [1 / 255] }])
  })
})

describe('transforms for a model', () => {
  const model = (): Model => {
    const b = new GraphBuilder('small')
    b.output(b.node('Identity', [b.input('x', 'float32', ['N', 3, 'H', 'W'])], {}, { name: 'same' }))
    return b.model()
  }

  it('are those of its file, with flags over them; else assumed, which is told', () => {
    const told = withImageMetadata(model(), {
      preprocessing: {
        ...{ resize: [40, 40], fit: 'cover', border: 0, crop: [32, 32], channels: 3, order: 'rgb', layout: 'NCHW' },
        ...{ scale: 1 / 255, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
      },
    })
    const { transforms, image } = transformsFor(told, { std: [0.5], flip: true })
    expect(image?.assumed).toEqual([])
    expect(transforms).toEqual([
      { kind: 'resize', size: [40, 40], fit: 'cover' },
      { kind: 'centreCrop', size: [32, 32] },
      { kind: 'flip', probability: 0.5 },
      { kind: 'channels', order: 'rgb' },
      { kind: 'normalise', mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] },
    ])
    expect(transformsFor(model(), {})).toMatchObject({
      transforms: [
        { kind: 'resize', size: [224, 224], fit: 'cover' },
        { kind: 'channels', order: 'rgb' },
        { kind: 'normalise', mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] },
      ],
      image: { assumed: ['size', 'fit', 'order', 'scale', 'mean and std'] },
    })
  })
})
