import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { KerfError } from '../../base/index.ts'
import type { PageFile } from './files.ts'
import type { GivenFile, OpenedFile } from './given.ts'
import type { Peer } from './peer.ts'

/*
 * The server of `kerf studio`: on this machine's own address, for whoever has the token.
 *
 * The address that the command prints holds the token. It is answered with a cookie and sent on to a folder with a name drawn at random, where everything
 * lies: cookies are shared by all ports of a machine, so that a page of another local server would else be shown this one.
 */

/** The port where none is asked for: browsers keep what a page stores (files of before, settings) by port. K E R F on a telephone. */
export const usualPort = 5373

export interface StudioOptions {
  /** The built page. */
  readonly files: ReadonlyMap<string, PageFile>
  /** The model, then its external data; none: the page begins without a model. */
  readonly given: readonly GivenFile[]
  /** Another runtime, which the page may load. */
  readonly peer?: Peer
  /** 0: any that is free. Undefined: `usualPort`, or where that is taken any that is free. */
  readonly port?: number
}

export interface Studio {
  /** With the token. */
  readonly url: string
  close(): Promise<void>
}

/** @throws KerfError `port-taken` where the port that was asked for is */
export async function startStudio({ files, given, peer, port }: StudioOptions): Promise<Studio> {
  const token = secret()
  let host = ''
  const app = studioApp({ files, given, peer, token, host: () => host })
  const server = await listening(app, port ?? usualPort).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') throw error
    if (port === undefined) return listening(app, 0)
    throw new KerfError(
      'port-taken',
      `Port ${port} cannot be used: ${error.code === 'EACCES' ? 'it takes rights that this process has not' : 'another program uses it'}. Give another one, or leave --port out.`,
      { port },
    )
  })
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${host}/?token=${token}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const secret = () => randomBytes(24).toString('base64url')

const listening = (app: Hono, port: number): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port }, () => resolve(server)) as Server
    server.once('error', reject)
  })

interface AppOptions extends Pick<StudioOptions, 'files' | 'given' | 'peer'> {
  readonly token: string
  /** Address and port, known once the server listens. */
  readonly host: () => string
}

function studioApp({ files, given, peer, token, host }: AppOptions): Hono {
  const app = new Hono()
  const session = secret()
  const folder = `/${secret()}/`
  const cookie = `kerf-studio-${secret()}`

  app.use(async (c, next) => {
    const refused = refusal(c, host())
    if (refused) return plain(c, refused.status, refused.why)
    await next()
    for (const [name, value] of Object.entries(always)) c.res.headers.set(name, value)
    return undefined
  })

  app.get('/', (c) => {
    if (!isSame(c.req.query('token') ?? '', token)) return plain(c, 403, unknownVisitor)
    setCookie(c, cookie, session, { path: folder, httpOnly: true, sameSite: 'Strict' })
    c.header('Content-Security-Policy', "default-src 'none'; img-src data:; frame-ancestors 'none'")
    // Not an answer of 302: a browser that was sent here by another page would follow it without the cookie.
    return c.html(
      `<!doctype html><meta charset="utf-8"><title>Kerf Studio</title><link rel="icon" href="data:,"><meta http-equiv="refresh" content="0;url=${folder}">`,
    )
  })

  app.get('*', async (c) => {
    const { pathname } = new URL(c.req.url)
    const fromHere = ['same-origin', 'none', undefined].includes(c.req.header('Sec-Fetch-Site'))
    if (!pathname.startsWith(folder) || !fromHere || !isSame(getCookie(c, cookie) ?? '', session))
      return plain(c, 403, unknownVisitor)
    // Compared as it was sent, and never decoded: what is not listed is not there.
    const path = pathname.slice(folder.length)
    if (path === '' || path === 'index.html') return page(c, files.get('index.html')!)
    if (path === 'given.json') return c.json(await described(given, peer))
    const asked = given.find((_, i) => path === `given/${i}`)
    if (asked) return part(c, asked)
    const file = files.get(path) ?? peer?.files.get(path)
    if (!file) return plain(c, 404, 'There is no such file.')
    c.header('Content-Type', file.type)
    c.header('Content-Security-Policy', policy())
    return c.body(file.content)
  })

  app.all('*', (c) => plain(c, 405, 'Only GET and HEAD.', { Allow: 'GET, HEAD' }))
  return app
}

const unknownVisitor = 'Open the address that kerf studio printed: it holds the key to this page.'

/** The same time for every wrong guess. */
const isSame = (given: string, expected: string): boolean => timingSafeEqual(digest(given), digest(expected))
const digest = (text: string) => createHash('sha256').update(text).digest()

/** Whom no key helps: pages that reach this server by a name of their own (DNS rebinding), and other pages' scripts. */
function refusal(c: Context, host: string): { status: 403 | 405; why: string } | undefined {
  const names = [host, host.replace('127.0.0.1', 'localhost')]
  const asked = c.req.header('Host')
  const origin = c.req.header('Origin')
  // A request may name its server a second time, in its first line.
  if (asked === undefined || !names.includes(asked) || new URL(c.req.url).host !== asked)
    return { status: 403, why: `This server answers to ${names.join(' and ')} only.` }
  if (origin !== undefined && origin !== `http://${asked}`)
    return { status: 403, why: 'This server answers to its own page only.' }
  return undefined
}

/** On every answer. The first two isolate the page, which is what browsers ask for before they share memory between threads. */
const always = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
}

/** @param nonce of the page's style elements; workers have none */
const policy = (nonce?: string): string =>
  [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    nonce === undefined ? "style-src 'self'" : `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

/** What the page has in place of a nonce. */
const noncePlace = 'kerf-nonce'

function page(c: Context, { content }: PageFile): Response {
  const nonce = secret()
  c.header('Content-Security-Policy', policy(nonce))
  return c.html(new TextDecoder().decode(content).replaceAll(noncePlace, nonce)) as Response
}

const plain = (c: Context, status: 403 | 404 | 405 | 410 | 412 | 416, why: string, more: Record<string, string> = {}) =>
  c.text(`${why}\n`, status, { ...always, ...more })

/** What the page is told of what it was given. */
async function described(given: readonly GivenFile[], peer: Peer | undefined) {
  const files = await Promise.all(
    given.map(async (file) => {
      const opened = await file.open()
      await opened?.close()
      return { name: file.name, size: opened?.size, tag: opened?.tag }
    }),
  )
  return { served: true, files, ...(peer && { peer: { name: peer.name, script: peer.script } }) }
}

/** A file of the model, or the part that `Range` asks for; `If-Match` says which state of the file is meant. */
async function part(c: Context, file: GivenFile): Promise<Response> {
  const opened = await file.open()
  if (!opened) return plain(c, 410, `${file.name} is not there any more.`)
  const answer = answerOf(c, file, opened)
  if (answer.body === undefined) await opened.close()
  return answer.response
}

function answerOf(c: Context, { name }: GivenFile, { size, tag, read }: OpenedFile) {
  const wanted = c.req.header('If-Match')
  if (wanted !== undefined && wanted !== tag) return { response: plain(c, 412, `${name} has changed on the disk.`) }
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(c.req.header('Range') ?? '') ?? []
  const start = Number(from ?? 0)
  const end = Math.min(size, to ? Number(to) + 1 : size)
  if (from !== undefined && start >= end)
    return { response: plain(c, 416, `${name} has ${size} bytes.`, { 'Content-Range': `bytes */${size}` }) }
  const headers = {
    'Content-Type': 'application/octet-stream',
    'Content-Length': String(end - start),
    'Accept-Ranges': 'bytes',
    ETag: tag,
    ...(from === undefined ? {} : { 'Content-Range': `bytes ${start}-${end - 1}/${size}` }),
  }
  const status = from === undefined ? 200 : 206
  if (c.req.method === 'HEAD') return { response: c.body(null, status, headers) }
  const body = read(start, end)
  return { response: c.body(body, status, headers), body }
}
