import { existsSync } from 'node:fs'
import { InvalidArgumentError } from 'commander'
import { type ImageLayout, imageShapes, type ResolvedPreprocessing } from '../../api/data.ts'
import { bindInputs, graphInputs, type Model } from '../../api/graph.ts'
import { type HostTensor, hostTensor, isHostElementType } from '../../api/runtime.ts'
import {
  askMemory,
  byteLengthOf,
  type ElementType,
  elementCount,
  isConcrete,
  KerfError,
  readWholeFile,
  seededRandom,
  seedFrom,
} from '../../base/index.node.ts'
import { readNpy } from '../../formats/index.ts'
import { givenPreprocessing } from '../data/transforms.ts'
import { type InputShapes, inputShape } from '../options.ts'
import type { ImageFlags } from '../vocabulary.ts'
import { readImage } from './image.ts'

/** What `--input` gives, by the input's name ('' for the only one): a file, or the shape of random numbers. */
export type GivenInputs = ReadonlyMap<string, { readonly path: string } | { readonly shape: readonly number[] }>

const shapeLike = /^(.*:)?\d+([,x×]\d+)*$/

/**
 * `x.npy`, `image.png`, `name=x.npy`; or, for random numbers, `1,3,224,224`, `name:1,3,224,224`.
 * @throws InvalidArgumentError, which is wrong usage
 */
export function givenInput(text: string, before: GivenInputs = new Map()): GivenInputs {
  if (shapeLike.test(text) && !existsSync(text)) {
    const [name, shape] = [...inputShape(text)][0]!
    return added(before, name, { shape })
  }
  const at = text.indexOf('=')
  const [name, path] = at < 0 ? ['', text] : [text.slice(0, at), text.slice(at + 1)]
  if (path === '' || at === 0) throw new InvalidArgumentError('Give a file, as in x.npy or name=x.npy.')
  return added(before, name, { path })
}

function added(before: GivenInputs, name: string, given: { path: string } | { shape: readonly number[] }): GivenInputs {
  if (before.has(name))
    throw new InvalidArgumentError(name === '' ? 'The input is given twice.' : `Input "${name}" is given twice.`)
  return new Map([...before, [name, given]])
}

/** One input of a run and where it came from. */
export interface FeedInfo {
  readonly name: string
  readonly from: string
  readonly tensor: HostTensor
  /** Of an image. */
  readonly image?: ResolvedPreprocessing
}

/**
 * The tensors to run a model with: from files; random (`seed`) for inputs that were given a shape, and for all where no file was given.
 * @throws KerfError `unknown-input`, `missing-input`, `unsupported-input`, and as the readers of files; `out-of-memory`
 */
export async function readFeeds(
  model: Model,
  given: GivenInputs,
  seed: number,
  options: ImageFlags & { readonly layout?: ImageLayout },
): Promise<FeedInfo[]> {
  const inputs = graphInputs(model.graph)
  const only = inputs.length === 1 ? inputs[0]?.name : undefined
  const byName = new Map<string, { path: string } | { shape: readonly number[] }>()
  for (const [key, value] of given) {
    const name = key === '' ? only : key
    if (name === undefined || !inputs.some((i) => i.name === name))
      throw new KerfError(
        'unknown-input',
        key === ''
          ? `The model has ${inputs.length} inputs: say which one with --input name=file. Their names: ${inputs.map((i) => i.name).join(', ')}.`
          : `The model has no input "${key}". Its inputs: ${inputs.map((i) => i.name).join(', ') || 'none'}.`,
        { input: key },
      )
    byName.set(name, value)
  }
  const filesGiven = [...byName.values()].some((g) => 'path' in g)
  const feeds = new Map<string, FeedInfo>()
  // What the file tells of images, for inputs that nobody gives.
  const shapes = new Map<string, readonly number[]>(filesGiven ? [] : imageShapes(model))
  for (const [name, source] of byName) {
    if ('path' in source) feeds.set(name, await fromFile(model, name, source.path, options))
    shapes.set(name, 'path' in source ? feeds.get(name)!.tensor.shape : source.shape)
  }
  const missing = inputs.filter(({ name }) => filesGiven && !byName.has(name)).map((i) => i.name)
  if (missing.length > 0) {
    const flags = missing.map((name) => `--input ${name}=file.npy`).join(' ')
    const names = missing.map((name) => `"${name}"`).join(', ')
    const text = missing.length > 1 ? `Inputs ${names} are missing` : `Input ${names} is missing`
    throw new KerfError('missing-input', `${text}: ${flags}.`, { inputs: missing })
  }
  return inputs.map(({ name }) => feeds.get(name) ?? randomFeed(model, name, shapes, seed))
}

function inputOf(model: Model, name: string) {
  const input = graphInputs(model.graph).find((i) => i.name === name)
  if (input?.type?.kind !== 'tensor')
    throw new KerfError('unsupported-input', `Input "${name}" is no tensor.`, { input: name })
  return { input, type: input.type }
}

async function fromFile(
  model: Model,
  name: string,
  path: string,
  options: ImageFlags & { readonly layout?: ImageLayout },
): Promise<FeedInfo> {
  const { input, type } = inputOf(model, name)
  const { elementType } = type
  if (/\.npy$/i.test(path)) {
    const tensor = readNpy(read(path), path)
    if (tensor.elementType !== elementType)
      throw new KerfError(
        'wrong-element-type',
        `${path} holds ${tensor.elementType}, input "${name}" takes ${elementType}. Save it again with x.astype("${elementType}").`,
        { path, input: name, expected: elementType, received: tensor.elementType },
      )
    return { name, from: path, tensor }
  }
  if (/\.npz$/i.test(path))
    throw new KerfError('bad-npy', `${path} holds several arrays. Save one with numpy.save as a .npy file.`, { path })
  if (!isHostElementType(elementType))
    throw new KerfError('unsupported-input', `Input "${name}" is ${elementType}: it takes no image.`, { input: name })
  const image = givenPreprocessing(model, input, options)
  return { name, from: path, tensor: await readImage(read(path), path, image.preprocessing, elementType), image }
}

/** A folder's error would not name it. */
function read(path: string): Uint8Array {
  try {
    return readWholeFile(path)
  } catch (error) {
    throw Object.assign(error as Error, { path })
  }
}

/** What WebAssembly can address, and so the most that a network's input can take. */
const mostBytes = 2 ** 32

const floats: readonly ElementType[] = ['float32', 'float64', 'float16', 'bfloat16']

/** Standard normal numbers for floating inputs, 0 and 1 for the others: valid for images and for masks. */
function randomFeed(model: Model, name: string, shapes: InputShapes, seed: number): FeedInfo {
  const { elementType } = inputOf(model, name).type
  const shape = bindInputs(model.graph, shapes).inputShapes?.get(name)
  if (!isConcrete(shape)) throw new KerfError('unsupported-input', `The shape of input "${name}" is not known.`)
  const count = elementCount(shape)!
  const bytes = byteLengthOf(elementType, count)
  if (bytes > mostBytes)
    throw new KerfError(
      'out-of-memory',
      `Input "${name}" [${shape}] takes ${Math.ceil(bytes / 2 ** 20)} MiB; WebAssembly has 4096 MiB for a whole network. Use a smaller batch or input.`,
      { input: name, shape, bytes },
    )
  askMemory(8 * count, `Input "${name}"`, 'Use a smaller batch or input')
  const random = seededRandom(seedFrom(seed, name))
  const draw = floats.includes(elementType) ? () => random.normal() : () => random.below(2)
  const values = new Float64Array(count).map(draw)
  return { name, from: `random (seed ${seed})`, tensor: hostTensor(elementType, shape, values) }
}
