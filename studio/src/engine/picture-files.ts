import { imagesFromIdx } from 'kerf/data'
import { labelTable } from './label-table.ts'
import type { PickedFile } from './model-source.ts'

/** A picture that was given, not decoded yet. */
export interface PictureFile {
  readonly name: string
  /** The number of its class; 0 where there are no labels. */
  readonly label: number
  bitmap(): Promise<ImageBitmap>
}

/** Pictures that were given, with labels where these or a table say some. */
export interface PictureFiles {
  readonly files: readonly PictureFile[]
  /** Names of the classes, in the order of their numbers; empty without labels. */
  readonly classes: readonly string[]
  /** Files that are none, and pictures that a table of labels does not name. */
  readonly others: number
  /** Files that a table of labels names, and that are not there. */
  readonly missing: number
}

const isPicture = ({ file }: PickedFile) => file.type.startsWith('image/')
const isTable = ({ path }: PickedFile) => /\.[ct]sv$/i.test(path)
const isIdx = ({ path }: PickedFile) => /idx[13]-ubyte(\.gz)?$/.test(path)

/**
 * Pictures among files. A table of files and labels beside them (CSV) says what they are. Without one, where they lie in several folders of one folder, each is a class, as
 * the command line takes them; so are the labels of MNIST's files (idx).
 * @throws KerfError as `imagesFromIdx`; Error as `labelTable`, and where there are several tables, or none of the pictures is in it
 */
export async function pictureFiles(given: readonly PickedFile[]): Promise<PictureFiles> {
  const idx = given.filter(isIdx)
  const images = idx.find(({ path }) => /idx3-ubyte/.test(path))
  if (images) return idxPictures(images, idx)
  const pictures = given.filter(isPicture).toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const [table, another] = given.filter(isTable)
  if (another) throw new Error(`${table!.path} and ${another.path} are two tables of labels: give one.`)
  if (table) return labelled(pictures, table, given.length)
  const folders = pictures.map(({ path }) => path.split('/').slice(0, -1))
  const classes = [...new Set(folders.map((parts) => parts.at(-1) ?? ''))].toSorted()
  const isLabelled = classes.length > 1 && folders.every((parts) => parts.length > 0)
  return {
    files: pictures.map(({ path, file }, i) => ({
      name: path,
      label: isLabelled ? classes.indexOf(folders[i]!.at(-1)!) : 0,
      bitmap: () => createImageBitmap(file),
    })),
    classes: isLabelled ? classes : [],
    others: given.length - pictures.length,
    missing: 0,
  }
}

/** Pictures with the labels of a table; those that it does not name are left out. */
async function labelled(
  pictures: readonly PickedFile[],
  { path, file }: PickedFile,
  all: number,
): Promise<PictureFiles> {
  const table = labelTable(await file.text(), path)
  const named = pictures.flatMap((picture) => {
    const label = table.labelOf(picture.path)
    return label === undefined ? [] : [{ ...picture, label }]
  })
  if (named.length === 0)
    throw new Error(
      `${path} names none of the ${pictures.length} pictures. Its first column says their files, such as ${pictures[0]?.path ?? 'cat.png'}.`,
    )
  const classes = [...new Set(named.map(({ label }) => label))].toSorted(inOrder)
  return {
    files: named.map((picture) => ({
      ...{ name: picture.path, label: classes.indexOf(picture.label) },
      bitmap: () => createImageBitmap(picture.file),
    })),
    ...{ classes, others: all - 1 - named.length, missing: Math.max(0, table.count - named.length) },
  }
}

/** Numbers by their size. */
const inOrder = (a: string, b: string): number => {
  const [x, y] = [Number(a), Number(b)]
  return Number.isNaN(x - y) ? (a < b ? -1 : 1) : x - y
}

/** The images of one of MNIST's files, with the labels of the other one of the same name. */
async function idxPictures(images: PickedFile, files: readonly PickedFile[]): Promise<PictureFiles> {
  const wanted = images.path.replace(/images(.)idx3/, 'labels$1idx1')
  const labels = files.find(({ path }) => path === wanted)
  if (!labels) throw new Error(`${images.path} has its labels in ${wanted}: give both.`)
  const [pixels, numbers] = await Promise.all(
    [images, labels].map(async (picked) => ({ name: picked.path, bytes: await unpacked(picked) })),
  )
  const set = imagesFromIdx(pixels!, numbers!)
  const { width, height } = set
  const grey = new Float32Array(width * height)
  return {
    files: Array.from({ length: set.count }, (_, index) => ({
      name: `${images.path}, ${index}`,
      label: set.labels[index]!,
      bitmap() {
        void set.read(index, grey)
        const data = new Uint8ClampedArray(4 * grey.length)
        for (const [i, value] of grey.entries()) {
          data.fill(Math.round(255 * value), 4 * i, 4 * i + 3)
          data[4 * i + 3] = 255
        }
        return createImageBitmap(new ImageData(data, width, height))
      },
    })),
    classes: set.classes,
    others: files.length - 2,
    missing: 0,
  }
}

async function unpacked({ path, file }: PickedFile): Promise<Uint8Array> {
  const stream = path.endsWith('.gz') ? file.stream().pipeThrough(new DecompressionStream('gzip')) : file.stream()
  return new Uint8Array(await new Response(stream).arrayBuffer())
}
