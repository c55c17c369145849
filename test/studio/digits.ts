// The digits that come along, as folders of pictures and as the library takes them.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { type ImageSet, imageMetadata, preprocessingFor, subset, transformsOf } from '../../src/api/data.ts'
import { openData, readModelFile } from '../../src/api/files.node.ts'
import { graphInputs } from '../../src/api/graph.ts'
import { imagesFor } from '../../src/api/workflow.ts'
import { lenet } from './files.ts'
import { root } from './harness.ts'

const data = () => openData({ kind: 'mnist', path: join(root, 'examples/digits') })

/** Writes digits into `folder`, with a folder for each class; `negative`: black on white; `from`: the first of them. @returns `folder` */
export async function digitFolder(folder: string, count: number, { negative = false, from = 0 } = {}): Promise<string> {
  const { train } = await data()
  for (let i = from; i < from + count; i++) await writeDigit(train, i, join(folder, String(train.labels[i])), negative)
  return folder
}

/** Writes digits into `folder` without folders of classes, and a table of their labels beside them. @returns `folder` */
export async function digitTable(folder: string, count: number): Promise<string> {
  const { train } = await data()
  for (let i = 0; i < count; i++) await writeDigit(train, i, join(folder, 'pictures'))
  const rows = Array.from({ length: count }, (_, i) => `pictures/${i}.png,${train.labels[i]}\n`)
  writeFileSync(join(folder, 'labels.csv'), `file,label\n${rows.join('')}gone.png,3\n`)
  return folder
}

async function writeDigit(set: ImageSet, index: number, folder: string, negative = false): Promise<void> {
  const pixels = new Float32Array(784)
  await set.read(index, pixels)
  mkdirSync(folder, { recursive: true })
  const raw = { width: 28, height: 28, channels: 1 as const }
  const grey = Uint8Array.from(pixels, (v) => Math.round(255 * (negative ? 1 - v : v)))
  await sharp(grey, { raw }).toFile(join(folder, `${index}.png`))
}

/** The same, as LeNet takes them, or another network. */
export async function labelledDigits(count: number, from = 0, model = readModelFile(lenet)) {
  const { train } = await data()
  const { preprocessing } = preprocessingFor(graphInputs(model.graph)[0]!, {}, imageMetadata(model).preprocessing)
  const set = subset(
    train,
    Array.from({ length: count }, (_, i) => from + i),
  )
  const transforms = transformsOf({ ...preprocessing, resize: undefined, crop: undefined })
  return { set, transforms, images: imagesFor(model, set, transforms) }
}
