import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { KerfError } from '../base/index.ts'
import { imagesFromIdx, type NamedBytes } from '../data/index.node.ts'
import { generatedDigits } from './digits.ts'
import type { Digits } from './experiment.ts'

/** Where MNIST is looked for when no folder is given. */
export const defaultMnistFolder = join('data', 'mnist')

/**
 * MNIST from a folder with its four IDX files, gzipped or not; without a folder, from `data/mnist` where that is, else generated pictures. Read
 * when first asked for, and once.
 * @throws KerfError `not-found` naming the file that is missing; what `imagesFromIdx` throws
 */
export function digitsFrom(folder: string | undefined, seed: number): () => Promise<Digits> {
  let digits: Digits | undefined
  return async () => {
    if (!digits) {
      const found = folder ?? (existsSync(defaultMnistFolder) ? defaultMnistFolder : undefined)
      digits = found === undefined ? generatedDigits(seed) : readMnist(found)
    }
    return digits
  }
}

function readMnist(folder: string): Digits {
  const file = (name: string): NamedBytes => {
    const path = [`${name}.gz`, name].map((n) => join(folder, n)).find((p) => existsSync(p))
    if (path === undefined)
      throw new KerfError(
        'not-found',
        `${folder} has no ${name}.gz (nor the same without .gz). Give the folder with MNIST's four files.`,
        { folder, name },
      )
    const bytes = readFileSync(path)
    return { name: path, bytes: path.endsWith('.gz') ? gunzipSync(bytes) : bytes }
  }
  const part = (name: string) => imagesFromIdx(file(`${name}-images-idx3-ubyte`), file(`${name}-labels-idx1-ubyte`))
  return { name: 'MNIST', sets: { train: part('train'), test: part('t10k') } }
}
