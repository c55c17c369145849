import { KerfError, MemoryBudget, turns } from '../../base/index.ts'
import { pixelSet } from '../sets/pixels.ts'
import { ByteResizer } from '../transforms/resize.ts'
import type { DataSets, ImageSet, SkippedImage } from '../types.ts'
import { type DecodedImage, imageDecoder, imagesAtATime } from './decode.node.ts'
import { type Entry, folderEntries, tarEntries } from './entries.node.ts'
import { ClassLayout, extensionOf } from './layout.ts'
import type { PartOptions } from './options.ts'

interface Kept extends DecodedImage {
  readonly name: string
  /** Undefined: without a label. */
  readonly className: string | undefined
}

/**
 * All images of a folder or tar, decoded, sorted by name.
 * @param of the training images, whose classes, channels and size these must have
 * @throws KerfError `bad-layout`, `no-images`, `empty-class`, `unknown-class`, `bad-image`, `size-mismatch`, `out-of-memory`,
 *   `missing-package`, `aborted`, and what reading the folder or tar throws
 */
export async function readImages(
  kind: 'images' | 'tar',
  path: string,
  part: keyof DataSets,
  { onBadImage = 'skip', transforms = [], channels, labels, signal, progress, memoryLimit }: PartOptions,
  of?: ImageSet,
): Promise<ImageSet> {
  const memory = new MemoryBudget(memoryLimit)
  const decode = await imageDecoder((of?.channels ?? channels) === 3)
  const [first] = transforms
  const resizer = first?.kind === 'resize' || first?.kind === 'centreCrop' ? new ByteResizer(first) : undefined
  const layout = new ClassLayout(path, labels)
  const kept: Kept[] = []
  const skipped: SkippedImage[] = []
  const leaveOut = (name: string, reason: string) => {
    if (onBadImage === 'error')
      throw new KerfError(
        'bad-image',
        `${path}: ${name} cannot be used: ${reason}. Remove it, or have such images skipped: onBadImage "skip" (in a recipe; of a command --set onBadImage=skip).`,
        {
          path,
          name,
        },
      )
    skipped.push({ name, reason })
  }

  function keep(
    entry: Extract<Entry, { kind: 'image' }>,
    className: string | undefined,
    decoded: Awaited<ReturnType<typeof decode>>,
  ): void {
    const name = entry.parts.join('/')
    if ('problem' in decoded) leaveOut(name, decoded.problem)
    else {
      const image = resizer ? resized(decoded, resizer) : decoded
      checkSize(path, name, image, of ? { ...of, name: 'the training images' } : kept[0])
      memory.take(
        image.pixels.length,
        `${path}: image ${kept.length + 1}, with more to come,`,
        'Put a resize to a smaller size first in transforms, use fewer images',
      )
      kept.push({ ...image, name, className })
    }
    const done = kept.length + skipped.length
    progress?.({ what: `reading ${part} images`, done, total: Math.round(done / entry.fraction), unit: 'images' })
  }

  const turn = turns(signal, 'Reading images')
  // Decoded side by side, kept in their order, so that messages do not depend on which is done first.
  const decoding: (() => Promise<void>)[] = []
  for await (const entry of kind === 'tar' ? tarEntries(path) : folderEntries(path)) {
    await turn()
    if (entry.kind === 'image') {
      const className = layout.addImage(entry.parts)
      // A large image waits until those before it are kept, in the size that they get: as it comes, one alone is held.
      let isNext = () => {}
      const decoded = decode(
        entry.bytes,
        new Promise<void>((resolve) => {
          isNext = resolve
        }),
      )
      decoding.push(async () => {
        isNext()
        keep(entry, className, await decoded)
      })
      if (decoding.length >= imagesAtATime) await decoding.shift()?.()
    } else if (entry.kind === 'folder') layout.addFolder(entry.parts)
    else if (entry.kind === 'left') leaveOut(entry.parts.join('/'), entry.reason)
    else layout.addOther(entry.parts)
  }
  // Taken out one by one, as each of them holds its image as it came.
  while (decoding.length > 0) await decoding.shift()?.()

  const [left] = skipped
  if (left && (layout.isEmpty || (kept.length === 0 && layout.classes().length === 0)))
    throw new KerfError('no-images', `${path}: none of its images can be used. ${left.name}: ${left.reason}.`, {
      path,
      ...left,
    })
  for (const name of layout.strayFiles()) {
    const extension = extensionOf(name)
    leaveOut(name, extension === '' ? 'its name says no format' : `.${extension} is no image format known here`)
  }
  const classes = of?.classes ?? layout.classes()
  checkClasses(path, layout.classes(), kept, of)
  return setOf(kept, classes, skipped)
}

function resized({ pixels, channels, height, width }: DecodedImage, resizer: ByteResizer): DecodedImage {
  const made = resizer.resize(pixels, [channels, height, width])
  return { pixels: made.pixels, channels, height: made.shape[1], width: made.shape[2] }
}

/**
 * Names of the classes of a folder or tar, in order; no image is decoded.
 * @throws KerfError `bad-layout`, `no-images`, `empty-class`, and what reading the folder or tar throws
 */
export async function classesIn(kind: 'images' | 'tar', path: string): Promise<string[]> {
  const layout = new ClassLayout(path)
  for await (const entry of kind === 'tar' ? tarEntries(path) : folderEntries(path, false))
    if (entry.kind === 'image') layout.addImage(entry.parts)
    else if (entry.kind === 'folder') layout.addFolder(entry.parts)
  return layout.classes()
}

interface Sized {
  readonly name: string
  readonly channels: number
  readonly height: number
  readonly width: number
}

function checkSize(path: string, name: string, image: DecodedImage, first: Sized | undefined): void {
  if (!first) return
  if (image.height !== first.height || image.width !== first.width)
    throw new KerfError(
      'size-mismatch',
      `${path}: ${name} has ${image.height} × ${image.width} pixels, ${first.name} ${first.height} × ${first.width}. Give all one size: --resize 224 (a resize first in transforms).`,
      { path, name, size: [image.height, image.width], expected: [first.height, first.width] },
    )
  if (first.name === 'the training images' && first.channels === 1 && image.channels === 3)
    throw new KerfError(
      'size-mismatch',
      `${path}: ${name} is in colours, the training images are grey. Use images of one kind for both.`,
      { path, name },
    )
}

function checkClasses(path: string, classes: readonly string[], kept: readonly Kept[], of: ImageSet | undefined): void {
  const unknown = of && classes.find((name) => !of.classes.includes(name))
  if (unknown !== undefined)
    throw new KerfError(
      'unknown-class',
      `${path} has the class ${unknown}, which the training images do not have: those are ${of?.classes.join(', ')}.`,
      { path, class: unknown },
    )
  const there = new Set(kept.map((image) => image.className))
  const empty = classes.find((name) => !there.has(name))
  if (empty !== undefined)
    throw new KerfError(
      'empty-class',
      `${path}: no image of the class ${empty} can be decoded. Replace them, or remove it.`,
      {
        path,
        folders: [empty],
      },
    )
}

function setOf(images: readonly Kept[], classes: readonly string[], skipped: readonly SkippedImage[]): ImageSet {
  const sorted = images.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const [{ height, width }] = sorted as [Kept]
  const channels = Math.max(...[1, 3].filter((n) => sorted.some((image) => image.channels === n)))
  const numbers = new Map(classes.map((name, i) => [name, i]))
  return pixelSet({
    classes,
    shape: [channels, height, width],
    labels: Int32Array.from(sorted, ({ className }) => (className === undefined ? 0 : numbers.get(className)!)),
    pixels: { blocks: sorted.map((image) => withChannels(image, channels)), imagesPerBlock: 1 },
    skipped,
  })
}

/** A grey image among others in colours. */
function withChannels({ pixels, channels }: DecodedImage, wanted: number): Uint8Array {
  if (channels === wanted) return pixels
  const into = new Uint8Array(pixels.length * wanted)
  for (let c = 0; c < wanted; c++) into.set(pixels, c * pixels.length)
  return into
}
