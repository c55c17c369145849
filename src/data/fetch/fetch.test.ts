import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KerfError, type Progress } from '../../base/index.ts'
import { cifarArchive, idxFile, serveFiles } from '../../testing/published-data.ts'
import { describeShared, sharedPath } from '../../testing/shared.ts'
import { unpacked } from '../files.node.ts'
import { openData } from '../open.node.ts'
import { fetchCifar10From } from './cifar.node.ts'
import { download } from './download.node.ts'
import { type FetchOptions, md5Of } from './fetch.node.ts'
import { fetchMnist, fetchMnistFrom } from './mnist.node.ts'
import type { OfficialCifar, OfficialMnist } from './official.ts'

let folder: string
const at = (...names: string[]) => join(folder, ...names)
let server: Server
let url: string
/** What the server does with a request; each test's own. */
let answer: (request: IncomingMessage, response: ServerResponse) => void
let asked: string[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-fetch-'))
  asked = []
  server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.range ?? 'whole'}`)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

const fast = { waitMs: 1, attempts: 3 }

async function problem(action: Promise<unknown>): Promise<string> {
  try {
    await action
  } catch (error) {
    if (error instanceof KerfError)
      return `${error.code}: ${error.message}`
        .replaceAll(`${folder}/`, '')
        .replaceAll(folder, 'FOLDER')
        .replaceAll(url, 'URL')
    throw error
  }
  return 'no error'
}

const full = () =>
  Promise.reject(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC', syscall: 'write' }))

describe('a download', () => {
  const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 8)) % 256)
  /** Compared at once: an assertion of its own for each byte takes seconds. */
  const isContent = (length = content.length) => readFileSync(at('f')).equals(content.subarray(0, length))
  const get = (options = {}, urls = [`${url}/f`]) => download(urls, at('f'), 'f', { ...fast, ...options })

  it('is whole, and reports how far it is', async () => {
    answer = serveFiles({ f: content })
    const seen: Progress[] = []
    await get({ progress: (p: Progress) => seen.push(p) })
    expect(isContent()).toBe(true)
    expect(seen.at(-1)).toEqual({ what: 'f', done: 300_000, total: 300_000, unit: 'bytes', from: 0 })
    expect(asked).toEqual(['/f whole'])
  })

  it('goes on where an earlier call stopped', async () => {
    writeFileSync(at('f'), content.subarray(0, 1000))
    answer = serveFiles({ f: content })
    const seen: Progress[] = []
    await get({ progress: (p: Progress) => seen.push(p) })
    expect(asked).toEqual(['/f bytes=1000-'])
    expect(isContent()).toBe(true)
    expect(seen.at(-1)).toEqual({ what: 'f', done: 300_000, total: 300_000, unit: 'bytes', from: 1000 })
    // Complete already: the server has nothing left to send.
    await get()
    expect(asked).toHaveLength(2)
    expect(isContent()).toBe(true)
  })

  it('starts again at a server that knows no parts, and leaves one that sends the wrong part', async () => {
    writeFileSync(at('f'), 'wrong start')
    answer = (_, response) => void response.writeHead(200, { 'content-length': content.length }).end(content)
    await get()
    expect(isContent()).toBe(true)
    writeFileSync(at('f'), content.subarray(0, 1000))
    answer = (_, response) =>
      void response.writeHead(206, { 'content-range': `bytes 5-9/300000`, 'content-length': 5 }).end('12345')
    expect(await problem(get())).toBe(
      'download-failed: f could not be fetched. URL/f: the server sends another part of the file than asked for. The 1000 bytes that came are kept: call again to go on from there, or take a local copy with --from.',
    )
  })

  it('goes on after the connection is cut, as often as allowed', async () => {
    const whole = serveFiles({ f: content })
    let cuts = 2
    const cutting = (request: IncomingMessage, response: ServerResponse) => {
      if (cuts-- <= 0) return whole(request, response)
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
      const partial = start > 0 ? { 'content-range': `bytes ${start}-299999/300000` } : {}
      response.writeHead(start > 0 ? 206 : 200, { 'content-length': content.length - start, ...partial })
      response.write(content.subarray(start, start + 70_000), () => setTimeout(() => response.destroy(), 20))
    }
    answer = cutting
    await get()
    expect(isContent()).toBe(true)
    expect(asked[0]).toBe('/f whole')
    expect(asked).toHaveLength(3)
    for (const request of asked.slice(1)) expect(request).toMatch(/^\/f bytes=[1-9]\d*-$/)
    rmSync(at('f'))
    cuts = 99
    expect(await problem(get())).toMatch(
      /^download-failed: f could not be fetched\. URL\/f: .+\. The \d+ bytes that came are kept: call again to go on from there/,
    )
    expect(isContent(readFileSync(at('f')).length)).toBe(true)
  })

  it('asks the next address where one has no such file, is out of order or cannot be reached', async () => {
    answer = (request, response) => {
      if (request.url === '/busy') response.writeHead(503).end()
      else serveFiles({ f: content })(request, response)
    }
    await get({}, ['http://127.0.0.1:1/f', `${url}/none`, `${url}/busy`, `${url}/f`])
    expect(asked).toEqual(['/none whole', '/busy whole', '/busy whole', '/busy whole', '/f whole'])
    expect(isContent()).toBe(true)
    rmSync(at('f'))
    const message = await problem(get({}, ['http://127.0.0.1:1/f', `${url}/none`]))
    expect(message).toMatch(
      /^download-failed: f could not be fetched\. http:\/\/127\.0\.0\.1:1\/f: fetch failed \(.+\); URL\/none: /,
    )
    expect(message).toContain(
      'the server says 404 Not Found. Check the connection and call again, or take a local copy with --from.',
    )
  })

  it('gives up a connection on which nothing comes', async () => {
    answer = (_, response) => void response.writeHead(200, { 'content-length': 10 }).write('12345')
    expect(await problem(get({ stallMs: 500, attempts: 1 }))).toContain('URL/f: nothing came for 0.5 s. The 5 bytes')
  })

  it('says that the disk is full, at once, and keeps what fits', async () => {
    answer = serveFiles({ f: content })
    expect(await problem(get({ append: full }))).toBe(
      'disk-full: f cannot be written: the disk is full. Make room, then call again.',
    )
    expect(asked).toHaveLength(1)
  })

  it('can be stopped', async () => {
    const controller = new AbortController()
    answer = (_, response) => void response.writeHead(200, { 'content-length': 10 }).write('12345')
    const stopped = get({ signal: controller.signal, progress: () => controller.abort() })
    await expect(stopped).rejects.toMatchObject({ code: 'aborted', message: 'The download was stopped.' })
    expect(readFileSync(at('f'), 'utf8')).toBe('12345')
  })
})

describe('MNIST', () => {
  const contents: Readonly<Record<string, Buffer>> = {
    'train-images-idx3-ubyte': idxFile([2, 1, 2], [1, 2, 3, 4]),
    'train-labels-idx1-ubyte': idxFile([2], [7, 3]),
    't10k-images-idx3-ubyte': idxFile([1, 1, 2], [5, 6]),
    't10k-labels-idx1-ubyte': idxFile([1], [0]),
  }
  const names = Object.keys(contents)
  const zipped = Object.fromEntries(names.map((name) => [`${name}.gz`, gzipSync(contents[name]!)]))
  const sizes = [[2, 1, 2], [2], [1, 1, 2], [1]]
  const official: OfficialMnist = {
    name: 'tiny digits',
    mirrors: [],
    files: names.map((name, i) => ({
      name,
      md5: md5Of(zipped[`${name}.gz`] as Buffer),
      contentMd5: md5Of(contents[name]!),
      sizes: sizes[i]!,
    })),
  }
  const fetchTo = (to: string, options: Partial<FetchOptions> = {}) =>
    fetchMnistFrom({ folder: at(to), mirrors: [`${url}/`], ...fast, ...options }, official)

  it('is downloaded, checked, and not again', async () => {
    answer = serveFiles(zipped)
    const files = await fetchTo('new/m')
    expect(files.map(({ state, verified }) => `${state} ${verified}`)).toEqual(new Array(4).fill('fetched file'))
    expect(readdirSync(at('new/m')).sort()).toEqual(Object.keys(zipped).sort())
    expect((await openData({ kind: 'mnist', path: at('new/m') })).train.labels).toEqual(Int32Array.of(7, 3))
    expect(asked).toHaveLength(4)
    expect((await fetchTo('new/m')).map(({ state }) => state)).toEqual(new Array(4).fill('there'))
    expect(asked).toHaveLength(4)
  })

  it('goes on after what an earlier call left, right or wrong', async () => {
    const [name] = Object.keys(zipped) as [string]
    const bytes = zipped[name] as Buffer
    answer = serveFiles(zipped)
    mkdirSync(at('m'))
    writeFileSync(at('m', `.${name}.part`), bytes.subarray(0, 20))
    await fetchTo('m')
    expect(asked[0]).toBe(`/${name} bytes=20-`)
    // Another beginning does not make the file: it is fetched once more, whole.
    rmSync(at('m'), { recursive: true })
    mkdirSync(at('m'))
    writeFileSync(at('m', `.${name}.part`), 'x'.repeat(20))
    asked = []
    await fetchTo('m')
    expect(asked.slice(0, 2)).toEqual([`/${name} bytes=20-`, `/${name} whole`])
    expect(readFileSync(at('m', name))).toEqual(bytes)
  })

  it('takes what is packed differently, and throws away what is something else', async () => {
    const stored = Object.fromEntries(names.map((name) => [`${name}.gz`, gzipSync(contents[name]!, { level: 0 })]))
    answer = serveFiles(stored)
    expect((await fetchTo('m')).map(({ verified }) => verified)).toEqual(new Array(4).fill('content'))
    const last = names.at(-1)!
    answer = serveFiles({ ...zipped, [`${last}.gz`]: Buffer.from('a page that wants a login') })
    expect(await problem(fetchTo('n'))).toBe(
      `wrong-checksum: ${last}.gz has the MD5 sum ${md5Of(Buffer.from('a page that wants a login'))}; expected ${md5Of(zipped[`${last}.gz`] as Buffer)}. What came was thrown away. Try again later, or take a local copy with --from.`,
    )
    // Nothing has its name, and what was right is kept for the next call.
    expect(readdirSync(at('n')).sort()).toEqual(
      names
        .slice(0, 3)
        .map((name) => `.${name}.gz.part`)
        .sort(),
    )
    // Another address may have the right one.
    const good = serveFiles(Object.fromEntries(Object.entries(zipped).map(([name, bytes]) => [`good/${name}`, bytes])))
    const wrong = serveFiles({ ...zipped, [`${last}.gz`]: Buffer.from('wrong') })
    answer = (request, response) => (request.url?.startsWith('/good/') ? good : wrong)(request, response)
    await fetchTo('n', { mirrors: [url, `${url}/good`] })
    expect(readFileSync(at('n', `${last}.gz`))).toEqual(zipped[`${last}.gz`])
  })

  it('replaces nothing without being asked to', async () => {
    answer = serveFiles(zipped)
    mkdirSync(at('m'))
    const path = at('m', `${names[1]}.gz`)
    writeFileSync(path, 'mine')
    expect(await problem(fetchTo('m'))).toBe(
      `exists: m/${names[1]}.gz exists and is something else. Choose another folder, or replace it with --force.`,
    )
    expect(readFileSync(path, 'utf8')).toBe('mine')
    await fetchTo('m', { force: true })
    expect(readFileSync(path)).toEqual(zipped[`${names[1]}.gz`])
    writeFileSync(at('file'), '')
    expect(await problem(fetchTo('file'))).toBe(
      'not-a-folder: file is a file, not a folder. Choose another name, or move it away.',
    )
  })

  it('is taken from a local copy, checked by its content', async () => {
    mkdirSync(at('copy'))
    for (const [i, name] of names.entries())
      if (i % 2 === 0) writeFileSync(at('copy', name), contents[name]!)
      else writeFileSync(at('copy', `${name}.gz`), zipped[`${name}.gz`] as Buffer)
    const files = await fetchTo('m', { from: at('copy') })
    expect(files.map(({ state, verified }) => `${state} ${verified}`)).toEqual([
      'copied content',
      'copied file',
      'copied content',
      'copied file',
    ])
    expect(readdirSync(at('m')).sort()).toEqual(readdirSync(at('copy')).sort())
    expect((await fetchTo('copy', { from: at('copy') })).every(({ state }) => state === 'there')).toBe(true)
    // Not the published bytes, but as many of them: that is said.
    writeFileSync(at('copy', names[0]!), idxFile([2, 1, 2], [9, 9, 9, 9]))
    expect((await fetchTo('o', { from: at('copy') }))[0]?.verified).toBe('structure')
    writeFileSync(at('copy', names[2]!), idxFile([2, 1, 2], [9, 9, 9, 9]))
    expect(await problem(fetchTo('p', { from: at('copy') }))).toBe(
      `bad-idx: copy/${names[2]}: its sizes are 2 × 1 × 2; those of tiny digits are 1 × 1 × 2.`,
    )
    expect(existsSync(at('p'))).toBe(false)
    writeFileSync(at('copy', names[2]!), contents[names[2]!]!)
    writeFileSync(at('copy', `${names[3]}.gz`), gzipSync(idxFile([1], [11])))
    expect(await problem(fetchTo('p', { from: at('copy') }))).toMatch(/^label-out-of-range: .*image 0 has the label 11/)
    rmSync(at('copy', `${names[3]}.gz`))
    expect(await problem(fetchTo('p', { from: at('copy') }))).toBe(
      `not-found: copy has no ${names[3]}, nor ${names[3]}.gz. Give the folder with the four IDX files.`,
    )
    expect(await problem(fetchTo('q', { from: at('copy'), append: full }))).toMatch(/^disk-full: /)
    expect(existsSync(at('q'))).toBe(false)
    expect(asked).toEqual([])
  })
})

describe('Fashion-MNIST', () => {
  const images = idxFile([1, 1, 2], [1, 2])
  const labels = idxFile([1], [8])
  const files = {
    'train-images-idx3-ubyte': images,
    'train-labels-idx1-ubyte': labels,
    't10k-images-idx3-ubyte': images,
    't10k-labels-idx1-ubyte': labels,
  }
  const official = (): OfficialMnist => ({
    name: 'tiny clothes',
    installed: at('installed'),
    mirrors: [url],
    files: Object.entries(files).map(([name, bytes]) => ({
      ...{ name, md5: 'of what is published', contentMd5: md5Of(bytes) },
      sizes: name.includes('idx3') ? [1, 1, 2] : [1],
    })),
  })

  it('is taken from where a package has put it, packed anew, and has names of clothes', async () => {
    mkdirSync(at('installed'))
    for (const [name, bytes] of Object.entries(files)) writeFileSync(at('installed', `${name}.gz`), gzipSync(bytes))
    const fetched = await fetchMnistFrom({ folder: at('f') }, official())
    expect(fetched.map(({ state, verified }) => `${state} ${verified}`)).toEqual(new Array(4).fill('copied content'))
    const { train, test } = await openData({ kind: 'fashion-mnist', path: at('f') })
    expect([train, test].map((s) => s.classes[s.labels[0]!])).toEqual(['bag', 'bag'])
    expect(asked).toEqual([])
  })

  it('is downloaded where it is not, or where a mirror is asked for', async () => {
    answer = serveFiles({})
    const failure = await problem(fetchMnistFrom({ folder: at('f'), ...fast }, official()))
    expect(failure).toContain('train-images-idx3-ubyte.gz: the server says 404')
    mkdirSync(at('installed'))
    await problem(fetchMnistFrom({ folder: at('f'), mirrors: [`${url}/other`], ...fast }, official()))
    expect(asked).toEqual(['/train-images-idx3-ubyte.gz whole', '/other/train-images-idx3-ubyte.gz whole'])
  })
})

describe('CIFAR-10', () => {
  const batchNames = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`).concat('test_batch.bin')
  /** Ten images, one per class. */
  const batch = (value: number) =>
    Buffer.concat(Array.from({ length: 10 }, (_, label) => Buffer.from([label, ...new Uint8Array(3072).fill(value)])))
  const batches = Object.fromEntries(batchNames.map((name, i) => [name, batch(i)]))

  const officialOf = (archive: Buffer): OfficialCifar => ({
    mirrors: [],
    archive: 'cifar.tar.gz',
    md5: md5Of(archive),
    imagesPerBatch: 10,
  })
  const fetchTo = (to: string, official: OfficialCifar, options: Partial<FetchOptions> = {}) =>
    fetchCifar10From({ folder: at(to), mirrors: [url], ...fast, ...options }, official)

  it('is downloaded, checked, unpacked, and not again', async () => {
    const archive = await cifarArchive(batches)
    const official = officialOf(archive)
    answer = serveFiles({ 'cifar.tar.gz': archive })
    const files = await fetchTo('c', official)
    expect(files.map(({ state, verified, bytes }) => `${state} ${verified} ${bytes}`)).toEqual(
      new Array(6).fill('fetched file 30730'),
    )
    expect(readdirSync(at('c')).sort()).toEqual(batchNames)
    expect((await openData({ kind: 'cifar10', path: at('c') })).train.count).toBe(50)
    expect((await fetchTo('c', official)).every(({ state }) => state === 'there')).toBe(true)
    expect(asked).toEqual(['/cifar.tar.gz whole'])
    writeFileSync(at('c/test_batch.bin'), 'mine')
    expect(await problem(fetchTo('c', official))).toMatch(/^exists: c\/test_batch\.bin exists/)
    await fetchTo('c', official, { force: true })
    expect(readFileSync(at('c/test_batch.bin'))).toEqual(batch(5))
  })

  it('is thrown away with another checksum, and leaves nothing half unpacked', async () => {
    const archive = await cifarArchive(batches)
    answer = serveFiles({ 'cifar.tar.gz': archive })
    expect(await problem(fetchTo('c', { ...officialOf(archive), md5: '0'.repeat(32) }))).toMatch(
      /^wrong-checksum: cifar\.tar\.gz has the MD5 sum [0-9a-f]{32}; expected 0{32}\./,
    )
    expect(existsSync(at('c'))).toBe(false)
    let left = 2
    const fills = (file: { appendFile(bytes: Uint8Array): Promise<void> }, bytes: Uint8Array) =>
      left-- > 0 ? file.appendFile(bytes) : full()
    expect(await problem(fetchTo('c', officialOf(archive), { append: fills }))).toMatch(
      /^disk-full: .*the disk is full/,
    )
    // The archive is right, and is not fetched again.
    expect(readdirSync(at('c'))).toEqual(['.cifar.tar.gz.part'])
    asked = []
    await fetchTo('c', officialOf(archive))
    expect(asked).toEqual([`/cifar.tar.gz bytes=${archive.length}-`])
    expect(readdirSync(at('c')).sort()).toEqual(batchNames)
  })

  it('is taken from a local archive or from batches, checked by counts', async () => {
    const archive = await cifarArchive(batches)
    const official = officialOf(archive)
    mkdirSync(at('a'))
    writeFileSync(at('a/cifar.tar.gz'), archive)
    expect((await fetchTo('c', official, { from: at('a') })).map(({ verified }) => verified)[0]).toBe('file')
    expect(existsSync(at('a/cifar.tar.gz'))).toBe(true)
    const copied = await fetchTo('d', official, { from: at('c') })
    expect(copied.map(({ state, verified }) => `${state} ${verified}`)).toEqual(new Array(6).fill('copied structure'))
    expect(await problem(fetchTo('e', official, { from: at('none') }))).toBe(
      'not-found: none has neither cifar.tar.gz nor the six batches (data_batch_1.bin … test_batch.bin). Give the folder with one of them.',
    )
    const wrong = async (files: Readonly<Record<string, Buffer>>) => {
      writeFileSync(at('a/cifar.tar.gz'), await cifarArchive(files))
      const message = await problem(fetchTo('e', official, { from: at('a') }))
      expect(existsSync(at('e'))).toBe(false)
      return message
    }
    const { 'test_batch.bin': _, ...five } = batches
    expect(await wrong(five)).toBe(
      'bad-cifar: a/cifar.tar.gz has no test_batch.bin. It is not the binary version of CIFAR-10.',
    )
    expect(await wrong({ ...batches, 'test_batch.bin': batch(1).subarray(3073) })).toMatch(
      /test_batch\.bin has 9 images; expected 10\.$/,
    )
    const lopsided = batch(1)
    lopsided[0] = 4
    expect(await wrong({ ...batches, 'test_batch.bin': lopsided })).toMatch(
      /^bad-cifar: The batches have 1 images of automobile, 0 of airplane; in CIFAR-10 all classes have as many\.$/,
    )
    writeFileSync(at('a/cifar.tar.gz'), archive.subarray(0, archive.length - 40))
    expect(await problem(fetchTo('e', official, { from: at('a') }))).toMatch(
      /^bad-gzip: a\/cifar\.tar\.gz: the file is cut off/,
    )
  })
})

describeShared('the copy of MNIST beside this checkout', () => {
  it('is packed anew, and holds the published bytes', async () => {
    const files = await fetchMnist({ folder: at('m'), from: sharedPath('data/mnist') })
    expect(files.map(({ state, verified }) => `${state} ${verified}`)).toEqual(new Array(4).fill('copied content'))
  })
})

it('a large gzipped file is unpacked, whatever the limits of its machine', async () => {
  // 200 times its size is more than any buffer of Node 20 holds.
  const packed = gzipSync(Buffer.alloc(2 ** 25), { level: 0 })
  expect((await unpacked(packed, 'f')).length).toBe(2 ** 25)
})
