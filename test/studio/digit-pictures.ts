// Handwritten digits as files of pictures.

import { join } from 'node:path'
import sharp from 'sharp'
import { openData } from '../../src/api/files.node.ts'
import { root } from './harness.ts'

/**
 * The first digits of the example's training images.
 * @param place gives the path of a file by its name, which says the digit: `7/12.png`
 * @returns their paths
 */
export async function digitPictures(count: number, place: (name: string) => string): Promise<string[]> {
  const { train } = await openData({ kind: 'mnist', path: join(root, 'examples/digits') })
  const paths: string[] = []
  const pixels = new Float32Array(784)
  for (let i = 0; i < count; i++) {
    await train.read(i, pixels)
    const path = place(`${train.labels[i]}/${i}.png`)
    const raw = { width: 28, height: 28, channels: 1 as const }
    await sharp(
      Uint8Array.from(pixels, (v) => Math.round(255 * v)),
      { raw },
    ).toFile(path)
    paths.push(path)
  }
  return paths
}
