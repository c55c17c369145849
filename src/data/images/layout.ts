import { KerfError } from '../../base/index.ts'

/*
 * Which class an image belongs to: the folder that it lies in. All these folders lie in one, which may lie in others: "cat/1.jpg",
 * "train/cat/1.jpg". Where labels are not needed, images that lie in no such folders have none.
 */

/**
 * Whether images need labels. `required`: each lies in the folder of its class. `optional`: those of a folder without folders have none. `none`: they may lie
 * anywhere, and none has one.
 */
export type ImageLabels = 'required' | 'optional' | 'none'

/** What sharp can decode. */
const extensions = new Set(['avif', 'gif', 'jpeg', 'jpg', 'png', 'tif', 'tiff', 'webp'])

const formats = [...extensions].join(', ')

const holderOf = (parts: readonly string[]): string => parts.slice(0, -1).join('/')

/** The parts of a path with "/"; undefined for what systems and tools hide among files (".DS_Store", "__MACOSX/…"). */
export function partsOf(path: string): string[] | undefined {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  return parts.length === 0 || parts.some(isHidden) ? undefined : parts
}

export const isHidden = (name: string): boolean =>
  name.startsWith('.') || name === '__MACOSX' || name === 'Thumbs.db' || name === 'desktop.ini'

export const extensionOf = (name: string): string => /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? ''

export const isImageName = (name: string): boolean => extensions.has(extensionOf(name))

/** What is found in one folder or tar, until all of it has been seen. */
export class ClassLayout {
  readonly #source: string
  readonly #labels: ImageLabels
  #unlabelled = false
  #first: { readonly name: string; readonly parent: string } | undefined
  readonly #folders: string[][] = []
  readonly #others: string[][] = []
  /** Where images without labels lie. */
  readonly #holders = new Set<string>()
  /** Images per class. */
  readonly #counts = new Map<string, number>()

  /** @param source what messages call it */
  constructor(source: string, labels: ImageLabels = 'required') {
    this.#source = source
    this.#labels = labels
  }

  /** Whether no image has been found. */
  get isEmpty(): boolean {
    return this.#first === undefined && !this.#unlabelled
  }

  addFolder(parts: string[]): void {
    this.#folders.push(parts)
  }

  /** A file that is no image by its name. */
  addOther(parts: string[]): void {
    this.#others.push(parts)
  }

  /**
   * @returns the class of an image; undefined where it has none
   * @throws KerfError `bad-layout` when it does not lie where the first image's class folder is
   */
  addImage(parts: string[]): string | undefined {
    const name = parts.join('/')
    const folder = parts.at(-2)
    const hasNone = this.#labels === 'none' || (this.#labels === 'optional' && folder === undefined)
    if (hasNone && !this.#first) {
      this.#unlabelled = true
      this.#holders.add(holderOf(parts))
      return undefined
    }
    if (hasNone || this.#unlabelled)
      throw new KerfError(
        'bad-layout',
        `${this.#source}: some images lie in folders and some, as ${this.#unlabelled ? 'the first ones' : name}, in none. Put all into folders of their classes, or look at them without labels.`,
        { source: this.#source, name },
      )
    if (folder === undefined)
      throw new KerfError(
        'bad-layout',
        `${this.#source}: the image ${name} lies in no folder. Put every image into the folder of its class, as in cat/${name}.`,
        { source: this.#source, name },
      )
    const parent = parts.slice(0, -2).join('/')
    this.#first ??= { name, parent }
    if (parent !== this.#first.parent)
      throw new KerfError(
        'bad-layout',
        `${this.#source}: ${this.#first.name} and ${name} do not lie in folders side by side. Expected one folder per class, all in the same folder.`,
        { source: this.#source, names: [this.#first.name, name] },
      )
    this.#counts.set(folder, (this.#counts.get(folder) ?? 0) + 1)
    return folder
  }

  /** Files among the images that are none, known when all has been seen. */
  strayFiles(): string[] {
    const isStray = (parts: string[]) => this.#isBesideImages(parts) || this.#holders.has(holderOf(parts))
    return this.#others.filter(isStray).map((parts) => parts.join('/'))
  }

  /**
   * Names of the classes, sorted as torchvision sorts them; none where images have no labels.
   * @throws KerfError `no-images`, `empty-class`
   */
  classes(): string[] {
    if (this.#unlabelled) return []
    if (!this.#first) {
      const [other] = this.#others
      throw new KerfError(
        'no-images',
        `${this.#source} has no images${other ? `, but ${other.join('/')}` : ''}. Expected ${this.#labels === 'required' ? `a folder of images (${formats}) per class` : `images (${formats})`}.`,
        { source: this.#source },
      )
    }
    // A class's folder is found by itself, or by what lies in it.
    const folders = [...this.#folders, ...this.#others.map((parts) => parts.slice(0, -1))]
    const empty = folders
      .filter((parts) => this.#isBesideImages([...parts, '']) && !this.#counts.has(parts.at(-1)!))
      .map((parts) => parts.join('/'))
    if (empty.length > 0)
      throw new KerfError(
        'empty-class',
        `${this.#source}: the class folder ${empty[0]} has no images. Put some in, or remove it.`,
        { source: this.#source, folders: [...new Set(empty)] },
      )
    return [...this.#counts.keys()].sort()
  }

  #isBesideImages(parts: readonly string[]): boolean {
    return parts.length >= 2 && parts.slice(0, -2).join('/') === this.#first?.parent
  }
}
