import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openData } from '../data/index.node.ts'
import { generatedDigits } from './digits.ts'
import type { Digits } from './experiment.ts'

/** Where MNIST is looked for when no folder is given. */
export const defaultMnistFolder = join('data', 'mnist')

/**
 * MNIST from a folder with its four IDX files, gzipped or not; without a folder, from `data/mnist` where that is, else generated pictures. Read
 * when first asked for, and once.
 * @throws what `openData` throws
 */
export function digitsFrom(folder: string | undefined, seed: number): () => Promise<Digits> {
  let digits: Promise<Digits> | undefined
  const open = async (): Promise<Digits> => {
    const path = folder ?? (existsSync(defaultMnistFolder) ? defaultMnistFolder : undefined)
    if (path === undefined) return generatedDigits(seed)
    return { name: 'MNIST', sets: await openData({ kind: 'mnist', path }) }
  }
  return () => {
    digits ??= open()
    return digits
  }
}
