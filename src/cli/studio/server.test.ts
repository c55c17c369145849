import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { pageFiles } from './files.ts'
import { givenBytes, givenFiles } from './given.ts'
import { findPeer } from './peer.ts'
import { type Studio, type StudioOptions, startStudio } from './server.ts'

const folder = mkdtempSync(join(tmpdir(), 'kerf-studio-server-'))
const page = join(folder, 'page')
const model = join(folder, 'models', 'model.onnx')
const weights = join(folder, 'models', 'weights', 'w.bin')
afterAll(() => rmSync(folder, { recursive: true }))

beforeAll(() => {
  for (const path of [join(page, 'assets'), join(folder, 'models', 'weights')]) mkdirSync(path, { recursive: true })
  writeFileSync(join(page, 'index.html'), '<meta property="csp-nonce" nonce="kerf-nonce"><p>page')
  writeFileSync(join(page, 'assets', 'app.js'), 'export {}')
  writeFileSync(join(page, '.hidden.js'), 'hidden')
  writeFileSync(join(page, 'notes.txt'), 'no type of a page')
  writeFileSync(join(folder, 'secret.js'), 'secret')
  symlinkSync(join(folder, 'secret.js'), join(page, 'assets', 'link.js'))
  symlinkSync(folder, join(page, 'linked'))
})

const running: Studio[] = []
afterEach(async () => {
  for (const studio of running.splice(0)) await studio.close()
})

async function start(options: Partial<StudioOptions> = {}): Promise<Studio> {
  const studio = await startStudio({ files: pageFiles(page), given: [], ...options })
  running.push(studio)
  return studio
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** As it is written: fetch would tidy up paths, and sets Host itself. */
function ask(url: string, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('latin1'),
        }),
      )
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** What a browser has after the first load. */
async function enter({ url }: Studio) {
  const { pathname, search } = new URL(url)
  const first = await ask(url, pathname + search)
  const base = /url=(\/[\w-]+\/)"/.exec(first.body)![1]!
  const set = String(first.headers['set-cookie'])
  const Cookie = set.split(';')[0]!
  return { first, base, set, Cookie, get: (path: string, more = {}) => ask(url, base + path, { Cookie, ...more }) }
}

it('lets in whoever has the token, by a cookie that only its folder gets', async () => {
  const { first, base, set, get } = await enter(await start())
  expect(first.status).toBe(200)
  expect(set).toMatch(/; HttpOnly/)
  expect(set).toMatch(/; SameSite=Strict/)
  expect(set).toContain(`Path=${base}`)
  const { status, body, headers } = await get('')
  expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=UTF-8'])
  expect(body).toContain('<p>page')
  expect((await get('assets/app.js')).headers['content-type']).toBe('text/javascript; charset=utf-8')
})

it('listens on the loopback address alone', async () => {
  const { url } = await start()
  expect(new URL(url).hostname).toBe('127.0.0.1')
  const listening = execFileSync('node', [
    '-e',
    `require('net').connect(${new URL(url).port}, '127.0.0.2').on('connect', () => process.exit(1)).on('error', () => process.exit(0))`,
  ])
  expect(listening).toHaveLength(0)
})

it.each(['', '?token=', '?token=wrong', '?token=wrong&token=too'])(
  'refuses the first load with "%s"',
  async (search) => {
    const { url } = await start()
    const { status, headers } = await ask(url, `/${search}`)
    expect(status).toBe(403)
    expect(headers['set-cookie']).toBeUndefined()
  },
)

it('needs folder and cookie for everything', async () => {
  const studio = await start()
  const { base, Cookie } = await enter(studio)
  const token = new URL(studio.url).search
  const other = await enter(await start())
  for (const [path, cookie] of [
    [`${base}`, ''],
    [`${base}assets/app.js`, Cookie.replace(/=.*/, '=wrong')],
    [`${base}assets/app.js`, other.Cookie],
    [`${base}${token}`, ''],
    [`/assets/app.js${token}`, Cookie],
    ['/given.json', Cookie],
    [`${other.base}`, Cookie],
  ] as const) {
    const { status, body } = await ask(studio.url, path, { Cookie: cookie })
    expect([status, path]).toEqual([403, path])
    expect(body).toContain('the address that kerf studio printed')
  }
})

it('refuses names of others for this machine, and other pages', async () => {
  const studio = await start()
  const { base, Cookie } = await enter(studio)
  const { host, port } = new URL(studio.url)
  const status = async (headers: Record<string, string>) => (await ask(studio.url, base, { Cookie, ...headers })).status
  expect(await status({ Host: host, Origin: `http://${host}` })).toBe(200)
  expect(await status({ Host: `localhost:${port}` })).toBe(200)
  for (const Host of ['evil.example', `evil.example:${port}`, '127.0.0.1', '127.0.0.1:1', `${host}.evil.example`])
    expect(`${Host}: ${await status({ Host })}`).toMatch(/: 40[03]$/)
  for (const Origin of [
    'null',
    'http://evil.example',
    `https://${host}`,
    'http://127.0.0.1:1',
    `http://${host}.evil.example`,
  ])
    expect([Origin, await status({ Origin })]).toEqual([Origin, 403])
  // Another port is the same site, and would get the cookie.
  for (const site of ['cross-site', 'same-site']) expect(await status({ 'Sec-Fetch-Site': site })).toBe(403)
  for (const site of ['same-origin', 'none']) expect(await status({ 'Sec-Fetch-Site': site })).toBe(200)
})

it('takes GET and HEAD alone', async () => {
  const studio = await start()
  const { base, Cookie } = await enter(studio)
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']) {
    const { status, headers } = await ask(studio.url, base, { Cookie }, method)
    expect([method, status, headers.allow]).toEqual([method, 405, 'GET, HEAD'])
  }
  const { status, body, headers } = await ask(studio.url, `${base}assets/app.js`, { Cookie }, 'HEAD')
  expect([status, body, headers['content-type']]).toEqual([200, '', 'text/javascript; charset=utf-8'])
})

it('says what browsers are to keep to, on every answer', async () => {
  const studio = await start()
  const { base, Cookie, first } = await enter(studio)
  const answers = [
    first,
    await ask(studio.url, base, { Cookie }),
    await ask(studio.url, `${base}assets/app.js`, { Cookie }),
    await ask(studio.url, `${base}given.json`, { Cookie }),
    await ask(studio.url, `${base}nothing`, { Cookie }),
    await ask(studio.url, base),
    await ask(studio.url, base, { Cookie }, 'POST'),
  ]
  for (const { headers } of answers)
    expect(headers).toMatchObject({
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    })
})

it('has a policy without scripts in the page, and styles by a number drawn anew for every load', async () => {
  const { get } = await enter(await start())
  const nonces = await Promise.all(
    [1, 2].map(async () => {
      const { headers, body } = await get('')
      const csp = String(headers['content-security-policy'])
      expect(csp).toContain("default-src 'none'")
      expect(csp).toContain("script-src 'self' 'wasm-unsafe-eval';")
      expect(csp).toContain("connect-src 'self';")
      expect(csp).not.toContain('unsafe-inline')
      const nonce = /style-src 'self' 'nonce-([\w-]+)'/.exec(csp)![1]!
      expect(body).toContain(`nonce="${nonce}"`)
      return nonce
    }),
  )
  expect(nonces[0]).not.toBe(nonces[1])
})

it('serves the files of the build, and nothing else of the disk', async () => {
  expect([...pageFiles(page).keys()].sort()).toEqual(['assets/app.js', 'index.html'])
  const studio = await start({ given: [] })
  const { base, Cookie } = await enter(studio)
  const tries = [
    ...['assets/link.js', 'linked/secret.js', '.hidden.js', 'notes.txt', '../secret.js', 'assets/../../secret.js'],
    ...[
      '%2e%2e/secret.js',
      'assets%2fapp.js',
      'assets/%61pp.js',
      '..%2fsecret.js',
      '..%5csecret.js',
      '%252e%252e/secret.js',
    ],
    ...[
      'assets//app.js',
      '/etc/passwd',
      'assets/app.js%00',
      'assets/',
      'assets',
      'given/0',
      'given/../given/0',
      'given/-1',
    ],
    ...['__proto__', 'constructor', 'given/length', 'INDEX.HTML'],
  ]
  for (const path of tries) {
    const { status, body } = await ask(studio.url, base + path, { Cookie })
    expect([path, [403, 404].includes(status)]).toEqual([path, true])
    expect(body).not.toContain('secret\n')
    expect(body).not.toContain('root:')
  }
  const whole = await ask(studio.url, `http://evil.example${base}`, { Cookie })
  expect(whole.status).not.toBe(200)
})

it('says when the page was not built', () => {
  expect(() => pageFiles(join(folder, 'models'))).toThrow(/was not built\. Run npm run build/)
})

it('does not answer what is no HTTP', async () => {
  const studio = await start()
  const { port } = new URL(studio.url)
  const said = (text: string) =>
    new Promise<string>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.end(text))
      let all = ''
      socket.on('data', (chunk) => {
        all += String(chunk)
      })
      socket.on('close', () => resolve(all))
    })
  expect(await said('GET / HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /)
  expect(await said('GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 40[03] /)
  expect(await said('hello\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /)
})

it('gives the model and its external data, by number, whole and in parts', async () => {
  writeFileSync(model, 'the model')
  writeFileSync(weights, 'weights')
  const { get } = await enter(
    await start({ given: givenFiles(model, [weights, join(folder, 'models', 'missing.bin')]) }),
  )
  const { served, files } = JSON.parse((await get('given.json')).body)
  expect(served).toBe(true)
  expect(files.map(({ name, size }: { name: string; size: number }) => [name, size])).toEqual([
    ['model.onnx', 9],
    ['weights/w.bin', 7],
  ])
  expect(await get('given/0')).toMatchObject({ status: 200, body: 'the model' })
  expect(await get('given/1')).toMatchObject({ status: 200, body: 'weights' })
  expect(await get('given/2')).toMatchObject({ status: 404 })
  expect(await get('given/0', { Range: 'bytes=4-6' })).toMatchObject({
    ...{ status: 206, body: 'mod', headers: { 'content-range': 'bytes 4-6/9', 'content-length': '3' } },
  })
  expect(await get('given/0', { Range: 'bytes=4-' })).toMatchObject({ status: 206, body: 'model' })
  expect(await get('given/0', { Range: 'bytes=4-100' })).toMatchObject({ status: 206, body: 'model' })
  expect(await get('given/0', { Range: 'bytes=9-' })).toMatchObject({ status: 416 })
  expect((await get('given/0')).headers['cache-control']).toBe('no-store')
})

it('leaves out external data that a link leads out of the folder', () => {
  writeFileSync(model, 'the model')
  const link = join(folder, 'models', 'out.bin')
  symlinkSync(join(folder, 'secret.js'), link)
  expect(givenFiles(model, [link]).map(({ name }) => name)).toEqual(['model.onnx'])
})

it('says that the model has changed, or is gone, and follows no link that came since', async () => {
  writeFileSync(model, 'the model')
  const { get } = await enter(await start({ given: givenFiles(model, []) }))
  const tag = async () => JSON.parse((await get('given.json')).body).files[0].tag as string | undefined
  const before = (await tag())!
  expect(await get('given/0', { 'If-Match': before })).toMatchObject({ status: 200, body: 'the model' })
  writeFileSync(model, 'new model')
  utimesSync(model, 1, 1)
  expect(await tag()).not.toBe(before)
  expect(await get('given/0', { 'If-Match': before })).toMatchObject({
    ...{ status: 412, body: 'model.onnx has changed on the disk.\n' },
  })
  renameSync(model, `${model}.old`)
  expect(await get('given/0')).toMatchObject({ status: 410, body: 'model.onnx is not there any more.\n' })
  expect(await tag()).toBeUndefined()
  symlinkSync(join(folder, 'secret.js'), model)
  expect(await get('given/0')).toMatchObject({ status: 410 })
  rmSync(model)
})

it('gives a network that Kerf built', async () => {
  const { get } = await enter(await start({ given: [givenBytes('net.onnx', new Uint8Array([104, 105]))] }))
  expect(JSON.parse((await get('given.json')).body).files).toEqual([{ name: 'net.onnx', size: 2, tag: '"built"' }])
  expect(await get('given/0')).toMatchObject({ status: 200, body: 'hi' })
  expect(await get('given/0', { Range: 'bytes=1-1' })).toMatchObject({ status: 206, body: 'i' })
})

it('serves three files of another runtime, to whoever may see the page, and nothing else of its folder', async () => {
  const dist = join(folder, 'project', 'node_modules', 'onnxruntime-web', 'dist')
  mkdirSync(join(dist, 'inner'), { recursive: true })
  const names = ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm']
  for (const name of [...names, 'ort.mjs', 'inner/ort.wasm.min.mjs', '../package.json'])
    writeFileSync(join(dist, name), `secret of ${name}`)
  const studio = await start({ peer: findPeer(join(folder, 'project')) })
  const { base, Cookie, get } = await enter(studio)
  expect(JSON.parse((await get('given.json')).body)).toEqual({
    ...{ served: true, files: [] },
    peer: { name: 'onnxruntime-web', script: 'peer/ort.wasm.min.mjs' },
  })
  for (const name of names) {
    const { status, body, headers } = await get(`peer/${name}`)
    expect([status, body]).toEqual([200, `secret of ${name}`])
    expect(headers['content-type']).toBe(name.endsWith('wasm') ? 'application/wasm' : 'text/javascript; charset=utf-8')
    expect(headers['content-security-policy']).toContain("script-src 'self' 'wasm-unsafe-eval';")
    for (const more of [{}, { Cookie: Cookie.replace(/=.*/, '=wrong') }] as Record<string, string>[])
      expect((await ask(studio.url, `${base}peer/${name}`, more)).status).toBe(403)
    for (const more of [{ Origin: 'http://evil.example' }, { Host: 'evil.example' }, { 'Sec-Fetch-Site': 'same-site' }])
      expect((await get(`peer/${name}`, more)).status).toBe(403)
  }
  for (const path of [
    ...['peer', 'peer/', 'peer/ort.mjs', 'peer/inner/ort.wasm.min.mjs', 'peer/package.json', 'peer/../package.json'],
    ...['peer/../../package.json', 'peer/%2e%2e/package.json', 'peer/..%2fpackage.json', 'peer/..%5cpackage.json'],
    ...['peer//ort.wasm.min.mjs', 'peer/ort%2ewasm.min.mjs', 'ort.wasm.min.mjs', 'peer/ort.wasm.min.mjs/../ort.mjs'],
  ]) {
    const { status, body } = await get(path)
    expect([path, [403, 404].includes(status), body.includes('secret')]).toEqual([path, true, false])
  }
})

it('says nothing of another runtime, and has none of its files, where it was given none', async () => {
  const { get } = await enter(await start())
  expect(JSON.parse((await get('given.json')).body)).toEqual({ served: true, files: [] })
  expect((await get('peer/ort.wasm.min.mjs')).status).toBe(404)
})

it('says which port is taken, and takes another where none was asked for', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  await expect(start({ port })).rejects.toMatchObject({
    ...{
      code: 'port-taken',
      message: expect.stringMatching(new RegExp(`^Port ${port} cannot be used: another program`)),
    },
  })
  other.close()
  const [first, second] = [await start(), await start()]
  expect(new URL(second.url).port).not.toBe(new URL(first.url).port)
})
