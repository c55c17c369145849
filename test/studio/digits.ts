// The digits that come along, as folders of pictures and as the library takes them.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { imageMetadata, preprocessingFor, subset, transformsOf } from '../../src/api/data.ts'
import { openData, readModelFile } from '../../src/api/files.node.ts'
import { graphInputs } from '../../src/api/graph.ts'
import { imagesFor } from '../../src/api/workflow.ts'
import { lenet } from './files.ts'
import { root } from './harness.ts'

const data = () => openData({ kind: 'mnist', path: join(root, 'examples/digits') })

/** Writes digits into `folder`, with a folder for each class; `negative`: black on white. @returns `folder` */
export async function digitFolder(folder: string, count: number, negative = false): Promise<string> {
  const { train } = await data()
  const pixels = new Float32Array(784)
  for (let i = 0; i < count; i++) {
    await train.read(i, pixels)
    const own = join(folder, String(train.labels[i]))
    mkdirSync(own, { recursive: true })
    const raw = { width: 28, height: 28, channels: 1 as const }
    await sharp(
      Uint8Array.from(pixels, (v) => Math.round(255 * (negative ? 1 - v : v))),
      { raw },
    ).toFile(join(own, `${i}.png`))
  }
  return folder
}

/** The same, as LeNet takes them. */
export async function labelledDigits(count: number) {
  const { train } = await data()
  const model = readModelFile(lenet)
  const { preprocessing } = preprocessingFor(graphInputs(model.graph)[0]!, {}, imageMetadata(model).preprocessing)
  const set = subset(
    train,
    Array.from({ length: count }, (_, i) => i),
  )
  const transforms = transformsOf({ ...preprocessing, resize: undefined, crop: undefined })
  return { set, transforms, images: imagesFor(model, set, transforms) }
}
