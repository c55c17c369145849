import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { InvalidArgumentError } from 'commander'
import { didYouMean } from '../../base/index.ts'

const kinds = ['mnist', 'fashion-mnist', 'cifar10', 'images', 'tar', 'npy', 'generated'] as const

/** What `--data` says, as a recipe has it. */
export type GivenData = Readonly<Record<string, unknown>> & { readonly kind: (typeof kinds)[number] }

/**
 * `data/mnist`, `mnist:data/mnist`, `images:train,test`, `images:train,validation,test`, `tar:train.tar,test.tar`, `images.npy`, `npy:train.npy,test.npy`, `generated`. Without a kind, what is there decides.
 * @throws InvalidArgumentError, which is wrong usage
 */
export function dataOption(text: string): GivenData {
  const [, named, rest = ''] = new RegExp(`^(${kinds.join('|')}):(.*)$`).exec(text) ?? []
  if (text === 'generated') return { kind: 'generated' }
  const kind = (named ?? kindOf(text)) as GivenData['kind']
  const path = named === undefined ? text : rest
  if (path === '' || kind === 'generated')
    throw new InvalidArgumentError('Give a folder behind the colon, as in mnist:data/mnist, or just: generated.')
  if (kind === 'mnist' || kind === 'fashion-mnist' || kind === 'cifar10') return { kind, path }
  const [train = '', second, third] = path.split(',')
  if (third !== undefined) return { kind, train, validation: second, test: third }
  if (second !== undefined) return { kind, train, test: second }
  return partsIn(kind, train) ?? { kind, train, testFraction: 0.1 }
}

/**
 * A folder with `train` and `test` in it, and `val` for validation where that is there. Where only `train` and `val` are, as of ImageNet, `val` is what
 * is looked at once, at the end.
 */
function partsIn(kind: 'images' | 'tar' | 'npy', path: string): GivenData | undefined {
  const end = kind === 'images' ? '' : `.${kind}`
  const found = (...names: readonly string[]) =>
    names.map((name) => join(path, `${name}${end}`)).find((p) => existsSync(p))
  const [train, validation, test] = [found('train'), found('val', 'valid', 'validation'), found('test')]
  if (train === undefined || (validation ?? test) === undefined) return undefined
  return test !== undefined && validation !== undefined
    ? { kind, train, validation, test }
    : { kind, train, test: test ?? validation }
}

function kindOf(path: string): GivenData['kind'] {
  if (!existsSync(path))
    throw new InvalidArgumentError(
      `There is no ${path}. Give a folder or a tar; what kinds there are, --help says.${didYouMean(path.split(':')[0]!, kinds)}`,
    )
  if (/\.npz$/i.test(path))
    throw new InvalidArgumentError(`${path} holds several arrays: save one of images with numpy.save, as a .npy file.`)
  if (!statSync(path).isDirectory()) {
    if (/\.npy$/i.test(path)) return 'npy'
    if (!/\.(csv|tsv|txt|jsonl?|xml|ya?ml|parquet|xlsx?)$/i.test(path)) return 'tar'
    throw new InvalidArgumentError(
      `${path} is no folder of images, .tar or .npy file. Labels are the names of the folders that images lie in, as in photos/cat/1.jpg.`,
    )
  }
  const names = readdirSync(path)
  if (names.some((n) => /^train-images[-.]idx3/.test(n))) return 'mnist'
  if (names.includes('data_batch_1.bin')) return 'cifar10'
  return names.includes('train.tar') ? 'tar' : names.includes('train.npy') ? 'npy' : 'images'
}
