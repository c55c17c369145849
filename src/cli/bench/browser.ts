import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { modelBytes } from '../../api/graph.ts'
import type { Timing } from '../../api/runtime.node.ts'
import { aborted, KerfError, type Task } from '../../base/index.ts'
import { packageRoot } from '../package-root.ts'
import type { BrowserAnswer, BrowserJob } from './browser-job.ts'
import { findBrowser, openBrowser } from './chrome.ts'
import type { Entrant } from './entrant.ts'
import { type Machine, thisMachine } from './machine.ts'

/*
 * Models in turns in a browser that is installed on this machine: a page on a server of this process, which answers when it is done.
 */

export interface BrowserOptions extends Task {
  readonly threads: number
  readonly seconds: number
  readonly onNotice: (text: string) => void
  /** The page's script; by default the one that the build made. */
  readonly page?: string
}

/** They isolate the page from other origins, which is what browsers ask for before they share memory between threads. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cache-Control': 'no-store',
}

/** How long a page may take to load, plan and warm up the models. */
const patienceMs = 120_000

const html =
  '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>kerf bench</title><script type="module" src="/page.js"></script>'

/**
 * @throws KerfError `no-browser` where none is installed, `browser-failed` where the page cannot run a model or does not answer, `aborted`
 */
export async function timeInBrowser(
  entrants: readonly Entrant[],
  { threads, seconds, onNotice, page, signal }: BrowserOptions,
): Promise<{ machine: Machine; timings: readonly Timing[] }> {
  const program = findBrowser()
  const script = page ?? readFileSync(join(packageRoot, 'dist', 'cli', 'browser-page.js'), 'utf8')
  const { server, answer } = serve(entrants, { threads, seconds }, script)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const browser = openBrowser(program, `http://127.0.0.1:${port}/`)
  const limit = patienceMs + 1000 * seconds * 3
  let timer: NodeJS.Timeout | undefined
  let stop = () => {}
  try {
    const result = await Promise.race([
      answer,
      browser.failed,
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(failed(`${program} has not answered for ${Math.round(limit / 1000)} s`)), limit)
        stop = () => reject(aborted('Timing', signal?.reason))
        if (signal?.aborted) stop()
        else signal?.addEventListener('abort', stop)
      }),
    ])
    if ('error' in result) throw failed(result.error)
    for (const [i, text] of result.notices) onNotice(`${entrants[i]?.path}: ${text}`)
    const name = /(?:Chrome|Chromium|Edg)\/[\d.]+/.exec(result.userAgent)?.[0] ?? result.userAgent
    return { machine: { ...thisMachine(result.threads), browser: name.replace('/', ' ') }, timings: result.timings }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
    await browser.close()
    server.close()
    server.closeAllConnections()
  }
}

const failed = (why: string): KerfError =>
  new KerfError('browser-failed', `The browser could not measure: ${why}. Without --browser the models run in Node.`)

function serve(entrants: readonly Entrant[], settings: Pick<BrowserJob, 'threads' | 'seconds'>, page: string) {
  const job: BrowserJob = {
    ...settings,
    models: entrants.map(({ feeds }) => ({
      feeds: [...feeds].map(([name, { elementType, shape }]) => ({ name, elementType, shape })),
    })),
  }
  let settle: (answer: BrowserAnswer) => void = () => {}
  const answer = new Promise<BrowserAnswer>((resolve) => {
    settle = resolve
  })
  const content = (path: string): [type: string, content: string | Uint8Array] | undefined => {
    if (path === '/') return ['text/html', html]
    if (path === '/page.js') return ['text/javascript', page]
    if (path === '/job') return ['application/json', JSON.stringify(job)]
    const [, kind, i, j] = path.split('/')
    const entrant = entrants[Number(i)]
    if (entrant && kind === 'model') return ['application/octet-stream', modelBytes(entrant.model)]
    const data = entrant && kind === 'feed' ? [...entrant.feeds.values()][Number(j)]?.data : undefined
    return data && ['application/octet-stream', new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]
  }
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    if (request.method === 'POST') {
      const parts: Uint8Array[] = []
      request.on('data', (part: Uint8Array) => parts.push(part))
      request.on('end', () => {
        response.writeHead(204, headers).end()
        settle(JSON.parse(Buffer.concat(parts).toString()) as BrowserAnswer)
      })
      return
    }
    const found = content(request.url ?? '/')
    if (found) response.writeHead(200, { ...headers, 'Content-Type': found[0] }).end(found[1])
    else response.writeHead(404, headers).end()
  })
  return { server, answer }
}
