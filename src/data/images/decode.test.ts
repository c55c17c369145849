import sharp from 'sharp'
import { afterEach, expect, it } from 'vitest'
import { setMemoryLimit } from '../../base/index.ts'
import { imageDecoder } from './decode.node.ts'

afterEach(() => setMemoryLimit())

it('of images so large that several would fill the memory, one waits until those before it are no longer held', async () => {
  const grey = Uint8Array.from({ length: 64 * 48 }, (_, i) => i % 251)
  const bytes = await sharp(grey, { raw: { width: 64, height: 48, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer()
  setMemoryLimit(2 ** 16)
  const decode = await imageDecoder(false)
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const order: string[] = []
  const waiting = decode(bytes, held).then((image) => {
    order.push('behind')
    return image
  })
  await decode(bytes, Promise.resolve()).then(() => order.push('first'))
  order.push('released')
  release()
  expect(await waiting).toEqual({ pixels: grey, channels: 1, width: 64, height: 48 })
  expect(order).toEqual(['first', 'released', 'behind'])
})
