import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { pack } from 'tar-stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { KerfError, type Progress, setMemoryLimit } from '../base/index.ts'
import { describeShared, sharedPath } from '../testing/shared.ts'
import { tarEntries } from './images/entries.node.ts'
import { cifarClasses, type DataSource, type ImageSet, type OpenOptions, openData } from './index.node.ts'

let folder: string
const at = (...names: string[]) => join(folder, ...names)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-data-'))
})
afterEach(() => {
  setMemoryLimit()
  rmSync(folder, { recursive: true, force: true })
})

function write(name: string, bytes: Uint8Array | string): string {
  mkdirSync(dirname(at(name)), { recursive: true })
  writeFileSync(at(name), bytes)
  return at(name)
}

/** A PNG all of one colour. */
async function png(colour: number | [number, number, number], [height, width] = [2, 3]): Promise<Buffer> {
  const channels = typeof colour === 'number' ? 1 : 3
  const values = typeof colour === 'number' ? [colour] : colour
  const raw = Buffer.from(Array.from({ length: (height as number) * (width as number) }, () => values).flat())
  const image = sharp(raw, { raw: { width: width as number, height: height as number, channels } })
  return (channels === 1 ? image.toColourspace('b-w') : image).png().toBuffer()
}

async function tar(entries: Record<string, Uint8Array | 'folder'>): Promise<Buffer> {
  const archive = pack()
  for (const [name, content] of Object.entries(entries))
    if (content === 'folder') archive.entry({ name, type: 'directory' })
    else archive.entry({ name }, Buffer.from(content))
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Each image's first pixel, [C] of 255, with the name of its class. */
const contents = (set: ImageSet) =>
  Array.from(set.labels, (label, i) => {
    const into = new Float32Array(set.channels * set.height * set.width)
    set.read(i, into)
    const area = set.height * set.width
    return [set.classes[label], ...Array.from({ length: set.channels }, (_, c) => Math.round(into[c * area]! * 255))]
  })

async function problem(source: DataSource, options?: OpenOptions): Promise<string> {
  try {
    await openData(source, options)
  } catch (error) {
    if (error instanceof KerfError) return `${error.code}: ${error.message}`.replaceAll(`${folder}/`, '')
    throw error
  }
  return 'no error'
}

const half = 0.5

describe('folders of images', () => {
  const source = (train = at('a'), test?: string): DataSource =>
    test === undefined ? { kind: 'images', train, testFraction: half } : { kind: 'images', train, test }

  it('are read, sorted, whatever the format, with what is hidden left alone', async () => {
    write('a/dog/2.png', await png([9, 8, 7]))
    write(
      'a/dog/10.WEBP',
      await sharp(await png([40, 40, 40]))
        .webp({ lossless: true })
        .toBuffer(),
    )
    write('a/cat/1.png', await png(100))
    write('a/README.txt', 'not an image')
    write('a/.DS_Store', 'x')
    write('a/__MACOSX/cat/1.png', 'x')
    write('a/cat/.hidden.png', 'x')
    write('b/dog/1.png', await png([1, 2, 3]))
    const { train, test } = await openData(source(at('a'), at('b')))
    expect(contents(train)).toEqual([
      ['cat', 100, 100, 100],
      ['dog', 40, 40, 40],
      ['dog', 9, 8, 7],
    ])
    expect(train).toMatchObject({
      classes: ['cat', 'dog'],
      channels: 3,
      height: 2,
      width: 3,
      count: 3,
      skipped: [],
      bytes: 54,
    })
    // The numbers of the training images, also where a class is missing.
    expect(contents(test)).toEqual([['dog', 1, 2, 3]])
    expect(test.labels).toEqual(Int32Array.of(1))
  })

  it('are grey if all images are, and in colours if the training images are', async () => {
    write('a/x/1.png', await png(5))
    write('a/y/1.png', await png(6))
    expect((await openData(source(at('a'), at('a')))).train).toMatchObject({ channels: 1, bytes: 12 })
    write('b/x/1.png', await png([1, 2, 3]))
    write('b/y/1.png', await png(6))
    const { train, test } = await openData(source(at('b'), at('a')))
    expect([train.channels, test.channels]).toEqual([3, 3])
    expect(contents(test)[0]).toEqual(['x', 5, 5, 5])
    expect(await problem(source(at('a'), at('b')))).toBe(
      'size-mismatch: b: x/1.png is in colours, the training images are grey. Use images of one kind for both.',
    )
  })

  it('may lie one folder deeper, behind links', async () => {
    write('a/train/x/1.png', await png(5))
    write('a/.elsewhere/1.png', await png(6))
    symlinkSync(at('a/.elsewhere'), at('a/train/y'))
    expect(contents((await openData(source(at('a'), at('a')))).train)).toEqual([
      ['x', 5],
      ['y', 6],
    ])
    symlinkSync(at('a'), at('a/train/x/loop'))
    expect(await problem(source())).toMatch(
      /^bad-layout: .* lies more than 16 folders deep\. Is it a link in a circle\?$/,
    )
  })

  it('have no labels where they lie in no folders, or anywhere, if none are needed', async () => {
    for (const i of [1, 2, 3]) write(`photos/${i}.png`, await png(i))
    write('photos/notes.txt', 'mine')
    const photos = { kind: 'images', train: at('photos'), testFraction: 0.4 } as const
    const { train, test } = await openData(photos, { labels: 'optional' })
    expect([train.classes, train.skipped, [...train.labels, ...test.labels]]).toEqual([
      [],
      [{ name: 'notes.txt', reason: '.txt is no image format known here' }],
      [0, 0, 0],
    ])
    expect([...contents(train), ...contents(test)].map(([, pixel]) => pixel).sort()).toEqual([1, 2, 3])
    expect(await problem(photos)).toMatch(/^bad-layout: .*: the image 1\.png lies in no folder\./)
    for (const name of ['x', 'y']) write(`photos/${name}/4.png`, await png(4))
    expect(await problem(photos, { labels: 'optional' })).toBe(
      'bad-layout: photos: some images lie in folders and some, as the first ones, in none. Put all into folders of their classes, or look at them without labels.',
    )
    write('photos/x/deep/5.png', await png(5))
    const all = await openData({ kind: 'images', train: at('photos'), test: at('photos') }, { labels: 'none' })
    expect([all.test.classes, all.test.count]).toEqual([[], 6])
    rmSync(at('photos/x/deep'), { recursive: true })
    for (const i of [1, 2, 3]) rmSync(at(`photos/${i}.png`))
    expect((await openData(photos, { labels: 'optional' })).train.classes).toEqual(['x', 'y'])
    write('photos/x/5.png', await png(5))
    write('photos/z.png', await png(5))
    expect(await problem(photos, { labels: 'optional' })).toMatch(/as z\.png, in none/)
  })

  it('are passed over where a link leads to a device or out of the folder, and where they are pipes', async () => {
    for (const name of ['x', 'y']) for (const i of [1, 2]) write(`a/${name}/${i}.png`, await png(5))
    write('secret/1.png', await png(9))
    symlinkSync('/dev/zero', at('a/x/zero.png'))
    symlinkSync(at('secret/1.png'), at('a/x/secret.png'))
    symlinkSync(at('secret'), at('a/y/more'))
    symlinkSync('1.png', at('a/y/same.png'))
    execFileSync('mkfifo', [at('a/y/pipe.png')])
    const { train } = await openData(source(at('a'), at('a')))
    expect(train.count).toBe(5)
    const out = 'it is a link that leads out of the folder'
    expect(train.skipped.map(({ name, reason }) => `${name}: ${reason}`).sort()).toEqual([
      `x/secret.png: ${out}`,
      `x/zero.png: ${out}`,
      `y/more: ${out}`,
      'y/pipe.png: it is no file but a device, a pipe or a socket',
    ])
    expect(await problem(source(at('a'), at('a')), { onBadImage: 'error' })).toMatch(
      /^bad-image: a: .* cannot be used: it is/,
    )
    mkdirSync(at('b/x'), { recursive: true })
    symlinkSync(at('secret/1.png'), at('b/x/1.png'))
    expect(await problem(source(at('b'), at('b')))).toBe(
      `no-images: b: none of its images can be used. x/1.png: ${out}.`,
    )
  })

  it('are decoded one at a time where they are large, and left out where one would take more than the limit', async () => {
    for (const name of ['x', 'y']) write(`a/${name}/1.png`, await png(7, [100, 100]))
    write('a/y/large.png', await png(7, [400, 400]))
    const transforms = [{ kind: 'resize', size: 2 }] as const
    setMemoryLimit(200_000)
    const { train } = await openData(source(at('a'), at('a')), { transforms })
    expect(contents(train)).toEqual([
      ['x', 7],
      ['y', 7],
    ])
    expect(train.skipped).toEqual([
      {
        name: 'y/large.png',
        reason: expect.stringContaining('An image of 400 × 400 pixels takes 2 MiB; the limit is 200000 bytes'),
      },
    ])
    write('a.tar', await tar({ 'x/1.png': await png(7), 'y/1.png': new Uint8Array(3000) }))
    setMemoryLimit(2000)
    expect(await problem({ kind: 'tar', train: at('a.tar'), test: at('a.tar') })).toMatch(
      /^out-of-memory: a\.tar: y\/1\.png takes 3000 bytes/,
    )
  })

  it('are refused in an archive, as other files, that unpacks to far more than it is', async () => {
    const bomb = gzipSync(new Uint8Array(2 ** 24 + 1000))
    const said = /^bad-gzip: .* unpacks to more than 200 times its size, as no real data do\.$/
    const file = write('bomb.gz', bomb)
    const idx = { kind: 'idx', trainImages: file, trainLabels: file, testImages: file, testLabels: file } as const
    expect(await problem(idx)).toMatch(said)
    const padded = await tar({ 'x/1.png': await png(1), 'x/zeros.txt': new Uint8Array(2 ** 24 + 1000) })
    write('a.tar', gzipSync(padded))
    expect(await problem({ kind: 'tar', train: at('a.tar'), test: at('a.tar') })).toMatch(said)
    // A header that announces notes of a file (pax), of 32 MiB.
    const noted = Buffer.alloc(2 ** 25)
    padded.copy(noted, 0, 0, 512)
    noted.write(`${(2 ** 25).toString(8).padStart(11, '0')} `, 124)
    noted.write('x', 156)
    noted.write(' '.repeat(8), 148)
    noted.write(
      `${noted
        .subarray(0, 512)
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    )
    write('b.tar', noted)
    expect(await problem({ kind: 'tar', train: at('b.tar'), test: at('b.tar') })).toMatch(
      /^bad-tar: b\.tar is no tar, or damaged: Header exceeds max size/,
    )
    setMemoryLimit(10_000)
    write('some.gz', gzipSync(new Uint8Array(20_000)))
    expect(await problem({ ...idx, trainImages: at('some.gz') })).toMatch(/^out-of-memory: some\.gz, unpacked, takes/)
    expect(
      await problem({ kind: 'generated', classes: 2, trainImages: 1e12, testImages: 1, channels: 1, size: 8 }),
    ).toMatch(/^out-of-memory: The set of generated images takes/)
  })

  it('are divided by the seed', async () => {
    for (let i = 0; i < 10; i++) write(`a/x/${i}.png`, await png(i))
    write('a/y/1.png', await png(99))
    const [a, b, c] = await Promise.all([1, 1, 2].map((seed) => openData(source(), { seed })))
    expect(a?.train.count).toBe(5)
    expect(contents(a?.test as ImageSet)).toEqual(contents(b?.test as ImageSet))
    expect(contents(a?.test as ImageSet)).not.toEqual(contents(c?.test as ImageSet))
    expect(await problem({ kind: 'images', train: at('a') })).toBe(
      'bad-options: The data have neither test images nor a testFraction; give one of them.',
    )
  })

  it('have validation images of their own, or some of the training images, of every class alike', async () => {
    for (let i = 0; i < 10; i++) for (const c of ['x', 'y']) write(`a/${c}/${i}.png`, await png(i))
    write('b/y/1.png', await png(99))
    const data = { kind: 'images', train: at('a'), test: at('a') } as const
    const { train, validation, test } = await openData(data, { seed: 1, validation: 0.2 })
    expect([train.count, validation?.count, test.count]).toEqual([16, 4, 20])
    expect(validation?.labels).toEqual(Int32Array.of(0, 0, 1, 1))
    const own = await openData({ ...data, validation: at('b') }, { validation: 0.2 })
    expect([own.train.count, own.test.count]).toEqual([20, 20])
    expect(contents(own.validation!)).toEqual([['y', 99]])
    expect((await openData(data)).validation).toBeUndefined()
  })

  it('turn images as EXIF says, take alpha as black, reduce 16 bits', async () => {
    const turned = sharp(await png(50, [4, 2])).withExif({ IFD0: {} })
    write('a/x/1.jpg', await turned.jpeg().withMetadata({ orientation: 6 }).toBuffer())
    const clear = sharp({
      create: { width: 4, height: 2, channels: 4, background: { r: 200, g: 100, b: 50, alpha: 0 } },
    })
    write('a/x/2.png', await clear.png().toBuffer())
    const deep = sharp(Buffer.alloc(8, 77), { raw: { width: 4, height: 2, channels: 1 } })
    write('a/x/3.png', await deep.toColourspace('grey16').png().toBuffer())
    const { train } = await openData({ kind: 'images', train: at('a'), test: at('a') })
    expect([train.height, train.width]).toEqual([2, 4])
    expect(contents(train).map((image) => image[1])).toEqual([50, 0, 77])
  })

  it('skip and count what cannot be decoded, or stop', async () => {
    const good = await png([1, 2, 3])
    write('a/x/1.png', good)
    write('a/x/2.png', good.subarray(0, good.length - 20))
    write('a/x/3.jpg', 'no image')
    write('a/x/notes.txt', 'no image either')
    write('a/x/empty.png', '')
    const seen: Progress[] = []
    const { train } = await openData(source(at('a'), at('a')), { progress: (p) => seen.push(p) })
    expect(train.count).toBe(1)
    expect(train.skipped.map(({ name }) => name)).toEqual(['x/2.png', 'x/3.jpg', 'x/empty.png', 'x/notes.txt'])
    for (const { reason } of train.skipped) expect(reason).toMatch(/\w/)
    expect(train.skipped.at(-1)?.reason).toBe('.txt is no image format known here')
    const training = seen.filter(({ what }) => what === 'reading train images')
    expect(training.map(({ done, unit }) => [done, unit])).toEqual([1, 2, 3, 4].map((n) => [n, 'images']))
    // A fifth file is no image.
    expect(seen.at(-1)).toEqual({ what: 'reading test images', done: 4, total: 5, unit: 'images' })
    expect(await problem(source(), { onBadImage: 'error' })).toMatch(
      /^bad-image: a: x\/2\.png cannot be used: .+\. Remove it, or have such images skipped: onBadImage "skip" \(in a recipe; of a command --set onBadImage=skip\)\.$/,
    )
    rmSync(at('a/x/2.png'))
    rmSync(at('a/x/3.jpg'))
    rmSync(at('a/x/empty.png'))
    expect(await problem(source(), { onBadImage: 'error' })).toBe(
      'bad-image: a: x/notes.txt cannot be used: .txt is no image format known here. Remove it, or have such images skipped: onBadImage "skip" (in a recipe; of a command --set onBadImage=skip).',
    )
  })

  it('may differ in size where a resize comes first', async () => {
    write('a/x/1.png', await png([1, 2, 3], [2, 3]))
    write('a/x/2.png', await png([4, 5, 6], [3, 2]))
    expect(await problem(source())).toBe(
      'size-mismatch: a: x/2.png has 3 × 2 pixels, x/1.png 2 × 3. Give all one size: --resize 224 (a resize first in transforms).',
    )
    const resize = { kind: 'resize', size: [4, 5] } as const
    const { train } = await openData(source(at('a'), at('a')), {
      transforms: [resize, { kind: 'flip', probability: 1 }],
    })
    expect(train).toMatchObject({ height: 4, width: 5, bytes: 120 })
    expect(contents(train)).toEqual([
      ['x', 1, 2, 3],
      ['x', 4, 5, 6],
    ])
    expect(await problem(source(), { transforms: [{ kind: 'flip', probability: 1 }, resize] })).toMatch(
      /^size-mismatch/,
    )
    write('b/x/1.png', await png([1, 2, 3], [5, 5]))
    write('c/x/1.png', await png([1, 2, 3], [2, 3]))
    expect(await problem(source(at('c'), at('b')))).toMatch(
      /^size-mismatch: b: x\/1\.png has 5 × 5 pixels, the training images 2 × 3\./,
    )
    expect(await problem(source(at('c')), { memoryLimit: 10 })).toBe(
      'out-of-memory: c: image 1, with more to come, takes 18 bytes; the limit is 10 bytes. Put a resize to a smaller size first in transforms, use fewer images, or raise the limit: --max-memory, setMemoryLimit().',
    )
  })

  it('say what is wrong with them', async () => {
    expect(await problem(source(at('none')))).toBe('not-found: none does not exist. Check the path.')
    expect(await problem(source(write('file', '')))).toBe(
      'not-a-folder: file is a file. Expected a folder of images; the kind of data for an archive is "tar".',
    )
    mkdirSync(at('a'))
    expect(await problem(source())).toBe(
      'no-images: a has no images. Expected a folder of images (avif, gif, jpeg, jpg, png, tif, tiff, webp) per class.',
    )
    write('a/x/a.bmp', '')
    expect(await problem(source())).toMatch(/^no-images: a has no images, but x\/a\.bmp\. Expected/)
    write('a/x/1.png', await png(1))
    mkdirSync(at('a/y'))
    expect(await problem(source())).toBe('empty-class: a: the class folder y has no images. Put some in, or remove it.')
    write('a/y/1.txt', '')
    expect(await problem(source())).toMatch(/^empty-class: a: the class folder y has no images/)
    write('a/y/2.png', 'broken')
    expect(await problem(source())).toBe(
      'empty-class: a: no image of the class y can be decoded. Replace them, or remove it.',
    )
    write('a/y/3.png', await png(1))
    expect(await problem(source())).toBe('no error')
    write('a/y/deeper/3.png', await png(1))
    expect(await problem(source())).toBe(
      'bad-layout: a: x/1.png and y/deeper/3.png do not lie in folders side by side. Expected one folder per class, all in the same folder.',
    )
    rmSync(at('a/y/deeper'), { recursive: true })
    write('a/0.png', await png(1))
    expect(await problem(source())).toBe(
      'bad-layout: a: the image 0.png lies in no folder. Put every image into the folder of its class, as in cat/0.png.',
    )
    write('b/z/1.png', await png(1))
    write('c/y/1.png', await png(1))
    expect(await problem(source(at('c'), at('b')))).toBe(
      'unknown-class: b has the class z, which the training images do not have: those are y.',
    )
  })

  it('can be given up', async () => {
    for (let i = 0; i < 40; i++) write(`a/x/${i}.png`, await png(i))
    const controller = new AbortController()
    const opening = openData(source(), { signal: controller.signal, progress: () => controller.abort() })
    await expect(opening).rejects.toMatchObject({ code: 'aborted' })
  })

  it('need sharp', async () => {
    vi.resetModules()
    vi.doMock('sharp', () => {
      throw new Error('not here')
    })
    write('a/x/1.png', 'x')
    const { openData: withoutSharp } = await import('./index.node.ts')
    await expect(withoutSharp(source())).rejects.toMatchObject({
      code: 'missing-package',
      message: expect.stringContaining('npm install sharp'),
    })
    vi.doUnmock('sharp')
  })
})

describe('tars of images', () => {
  const open = (path: string) => openData({ kind: 'tar', train: path, test: path })

  it.each(['', 'train/', './data/train/'])('are read, gzipped or not, below "%s"', async (prefix) => {
    const archive = await tar({
      [`${prefix}y/1.png`]: await png([4, 5, 6]),
      [`${prefix}x/`]: 'folder',
      [`${prefix}x/2.png`]: await png([1, 2, 3]),
      [`${prefix}x/1.png`]: await png([7, 8, 9]),
      LICENSE: Buffer.from('text'),
    })
    for (const path of [write('a.tar', archive), write('a.tgz', gzipSync(archive))]) {
      const { train } = await open(path)
      expect(contents(train)).toEqual([
        ['x', 7, 8, 9],
        ['x', 1, 2, 3],
        ['y', 4, 5, 6],
      ])
      expect(train.skipped).toEqual([])
    }
  })

  it('say what is wrong with them', async () => {
    const bad = (path: string) => problem({ kind: 'tar', train: path, test: path })
    const image = await png([1, 2, 3])
    const archive = await tar({ 'x/1.png': image, 'x/2.png': image })
    expect(await bad(at('none'))).toBe('not-found: none does not exist. Check the path.')
    expect(await bad(write('cut.tar', archive.subarray(0, 600)))).toBe(
      'bad-tar: cut.tar: the tar is cut off. Fetch it again.',
    )
    const zipped = gzipSync(archive)
    expect(await bad(write('cut.tgz', zipped.subarray(0, zipped.length - 30)))).toBe(
      'bad-gzip: cut.tgz: the file is cut off. Fetch it again.',
    )
    const wrong = Buffer.from(zipped)
    wrong.fill(0xaa, 20, 60)
    expect(await bad(write('wrong.tgz', wrong))).toMatch(/^bad-gzip: wrong\.tgz: it cannot be unpacked/)
    expect(await bad(write('text.tar', 'x'.repeat(2000)))).toMatch(/^bad-tar: text\.tar is no tar, or damaged: /)
    expect(await bad(write('empty.tar', ''))).toBe(
      'bad-tar: empty.tar is empty, not a tar. Give a tar, gzipped or not.',
    )
    expect(await bad(write('a.zip', Buffer.from('PK\u0003\u0004 …')))).toMatch(
      /^bad-tar: a\.zip is a zip archive, not a tar/,
    )
    mkdirSync(at('folder'))
    expect(await bad(at('folder'))).toBe('not-a-file: folder is a folder. Give the path of a file.')
    expect(await bad(write('none.tar', await tar({ 'x/': 'folder' })))).toMatch(/^no-images: none\.tar has no images\./)
    expect(await bad(write('gap.tar', await tar({ 'a/x/': 'folder', 'a/y/1.png': image })))).toBe(
      'empty-class: gap.tar: the class folder a/x has no images. Put some in, or remove it.',
    )
    expect(await bad(write('two.tar', await tar({ 'train/x/1.png': image, 'test/x/1.png': image })))).toMatch(
      /^bad-layout: two\.tar: train\/x\/1\.png and test\/x\/1\.png do not lie in folders side by side/,
    )
  })
})

/** An IDX file of zeros. */
function idx(sizes: number[], value = 0): Buffer {
  const header = Buffer.alloc(4 + 4 * sizes.length)
  header.writeUInt32BE(0x800 + sizes.length)
  for (const [i, size] of sizes.entries()) header.writeUInt32BE(size, 4 + 4 * i)
  return Buffer.concat([
    header,
    Buffer.alloc(
      sizes.reduce((a, b) => a * b),
      value,
    ),
  ])
}

describe('MNIST and IDX', () => {
  it('are read from a folder, gzipped or not', async () => {
    write('m/train-images-idx3-ubyte.gz', gzipSync(idx([3, 2, 2], 7)))
    write('m/train-labels.idx1-ubyte', idx([3], 9))
    write('m/t10k-images-idx3-ubyte', idx([2, 2, 2], 8))
    const source: DataSource = { kind: 'mnist', path: at('m') }
    expect(await problem(source)).toBe(
      'not-found: '
        .concat(
          `${folder}/m has no t10k-labels-idx1-ubyte, nor t10k-labels-idx1-ubyte.gz. Fetch MNIST with: kerf data mnist -o ${folder}/m`,
        )
        .replaceAll(`${folder}/`, ''),
    )
    write('m/t10k-labels-idx1-ubyte.gz', gzipSync(idx([2], 0)))
    const { train, test } = await openData(source)
    expect(contents(train)).toEqual([
      ['9', 7],
      ['9', 7],
      ['9', 7],
    ])
    expect(test.classes).toHaveLength(10)
    write('m/t10k-labels-idx1-ubyte.gz', gzipSync(idx([2], 10)))
    expect(await problem(source)).toBe(
      'label-out-of-range: m/t10k-labels-idx1-ubyte.gz: image 0 has the label 10; there are 10 classes, 0 to 9. Correct the label, or leave the image out.',
    )
    write('m/t10k-labels-idx1-ubyte.gz', gzipSync(idx([2], 0)).subarray(0, 15))
    expect(await problem(source)).toBe('bad-gzip: m/t10k-labels-idx1-ubyte.gz: the file is cut off. Fetch it again.')
  })

  it('test labels are those of the training labels, sizes too', async () => {
    const source: DataSource = {
      kind: 'idx',
      trainImages: write('a', idx([2, 3, 3])),
      trainLabels: write('b', idx([2], 1)),
      testImages: write('c', idx([2, 3, 4])),
      testLabels: write('d', idx([2], 1)),
    }
    expect(await problem(source)).toBe('size-mismatch: c: test images have 3 × 4 pixels, training images 3 × 3.')
    write('c', idx([2, 3, 3]))
    expect((await openData(source)).test.classes).toEqual(['0', '1'])
    write('d', idx([2], 2))
    expect(await problem(source)).toMatch(/^label-out-of-range: d: image 0 has the label 2; there are 2 classes/)
    expect(await problem({ ...source, trainLabels: at('none') })).toBe(
      'not-found: none does not exist. Check the path.',
    )
  })
})

it('CIFAR-10 is read from its folder, or the one around it', async () => {
  const record = (label: number) => Buffer.from([label, ...new Uint8Array(3072)])
  const source: DataSource = { kind: 'cifar10', path: at('c') }
  for (let i = 1; i <= 5; i++) write(`c/cifar-10-batches-bin/data_batch_${i}.bin`, record(i))
  expect(await problem(source)).toMatch(
    /^not-found: c\/cifar-10-batches-bin has no test_batch\.bin\. Fetch CIFAR-10 with: kerf data cifar10 -o .*c$/,
  )
  write('c/cifar-10-batches-bin/test_batch.bin', Buffer.concat([record(0), record(9)]))
  const { train, test } = await openData(source)
  expect([Array.from(train.labels), Array.from(test.labels)]).toEqual([
    [1, 2, 3, 4, 5],
    [0, 9],
  ])
  expect((await openData({ kind: 'cifar10', path: at('c/cifar-10-batches-bin') })).test.count).toBe(2)
})

it('generated data come from the seed', async () => {
  const source = { kind: 'generated', classes: 2, trainImages: 6, testImages: 2, channels: 1, size: 8 } as const
  const [a, b] = [await openData(source, { seed: 1 }), await openData(source, { seed: 2 })]
  expect(a.train.count).toBe(6)
  expect(contents(a.train)).not.toEqual(contents(b.train))
})

describeShared('the data beside this checkout', () => {
  const histogram = (set: ImageSet) => set.classes.map((_, c) => set.labels.filter((label) => label === c).length)

  it('MNIST has 60,000 and 10,000 digits', async () => {
    const { train, test } = await openData({ kind: 'mnist', path: sharedPath('data/mnist') })
    expect(train).toMatchObject({ count: 60000, channels: 1, height: 28, width: 28, bytes: 60000 * 784 })
    expect(histogram(train)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    expect(histogram(test)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
    // The mean pixel, as published with many networks.
    const image = new Float32Array(784)
    let sum = 0
    for (let i = 0; i < train.count; i++) {
      train.read(i, image)
      for (const value of image) sum += value
    }
    expect(sum / (60000 * 784)).toBeCloseTo(0.1307, 4)
  })

  it('CIFAR-10 as JPEG has 1,000 test images per class', async () => {
    const times: Record<string, number> = {}
    const some: Record<string, Uint8Array> = {}
    let images = 0
    for await (const entry of tarEntries(sharedPath('data/cifar10/cifar10-jpeg-test.tar.gz'))) {
      if (entry.kind !== 'image') continue
      const name = entry.parts.at(-2)!
      times[name] = (times[name] ?? 0) + 1
      if (images++ % 50 === 0) some[entry.parts.join('/')] = entry.bytes
    }
    expect(times).toEqual(Object.fromEntries(cifarClasses.map((name) => [name, 1000])))
    // Decoding all of them would take several seconds.
    const { train, test } = await openData({
      kind: 'tar',
      train: write('some.tar', await tar(some)),
      testFraction: 0.25,
    })
    expect(train).toMatchObject({ classes: cifarClasses, channels: 3, height: 32, width: 32, count: 150, skipped: [] })
    expect(histogram(train).map((n, c) => n + histogram(test)[c]!)).toEqual(new Array(10).fill(20))
  })
})
