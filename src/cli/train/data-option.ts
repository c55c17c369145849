import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { InvalidArgumentError } from 'commander'

const kinds = ['mnist', 'cifar10', 'images', 'tar', 'generated'] as const

/** What `--data` says, as a recipe has it. */
export type GivenData = Readonly<Record<string, unknown>> & { readonly kind: (typeof kinds)[number] }

/**
 * `data/mnist`, `mnist:data/mnist`, `images:train,test`, `tar:train.tar,test.tar`, `generated`. Without a kind, what is there decides.
 * @throws InvalidArgumentError, which is wrong usage
 */
export function dataOption(text: string): GivenData {
  const [, named, rest = ''] = new RegExp(`^(${kinds.join('|')}):(.*)$`).exec(text) ?? []
  if (text === 'generated') return { kind: 'generated' }
  const kind = (named ?? kindOf(text)) as GivenData['kind']
  const path = named === undefined ? text : rest
  if (path === '' || kind === 'generated')
    throw new InvalidArgumentError('Give a folder behind the colon, as in mnist:data/mnist, or just: generated.')
  if (kind === 'mnist' || kind === 'cifar10') return { kind, path }
  const [train = '', test] = path.split(',')
  if (test !== undefined) return { kind, train, test }
  return pairIn(kind, train) ?? { kind, train, testFraction: 0.1 }
}

/** A folder with `train` and `test` (or `val`) in it. */
function pairIn(kind: 'images' | 'tar', path: string): GivenData | undefined {
  const end = kind === 'tar' ? '.tar' : ''
  const train = join(path, `train${end}`)
  const test = ['test', 'val'].map((name) => join(path, `${name}${end}`)).find((p) => existsSync(p))
  return existsSync(train) && test !== undefined ? { kind, train, test } : undefined
}

function kindOf(path: string): GivenData['kind'] {
  if (!existsSync(path))
    throw new InvalidArgumentError(`There is no ${path}. Give a folder or a tar; what kinds there are, --help says.`)
  if (!statSync(path).isDirectory()) return 'tar'
  const names = readdirSync(path)
  if (names.some((n) => /^train-images[-.]idx3/.test(n))) return 'mnist'
  if (names.includes('data_batch_1.bin')) return 'cifar10'
  return names.includes('train.tar') ? 'tar' : 'images'
}
