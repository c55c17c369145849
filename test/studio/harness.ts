// Kerf Studio as a person has it: the built page, served as `kerf studio` serves it, in Chromium. What every test of a view stands on.
//
//     describeBrowser('costs', () => {
//       const studio = useStudio()
//       it('lists layers', async () => {
//         const { page, open } = await studio.visit()
//         await open('examples/digits/lenet5.onnx')
//         await page.getByRole('tab', { name: 'Costs' }).click()
//         …
//       })
//     })
//
// After every test, each page that it visited must have asked nobody but its own server, and have written no error and no warning.

import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { filesOf, readModelFile } from '../../src/api/files.node.ts'
import { pageFiles } from '../../src/cli/studio/files.ts'
import { givenFiles } from '../../src/cli/studio/given.ts'
import { findPeer } from '../../src/cli/studio/peer.ts'
import { type Studio, startStudio } from '../../src/cli/studio/server.ts'
import { launch } from '../../src/testing/browser/chromium.ts'

/** The repository. */
export const root = fileURLToPath(new URL('../../', import.meta.url))
/** The page, as `npm run build` made it. */
export const built = join(root, 'dist', 'studio')
/** Pictures: to be looked at, not compared, since every machine has other fonts. */
export const pictures = join(root, 'out', 'studio')

export interface VisitOptions
  extends Pick<BrowserContextOptions, 'viewport' | 'colorScheme' | 'reducedMotion' | 'hasTouch'> {
  /** Path of the model that `kerf studio MODEL` was given, from the repository's root. */
  readonly model?: string
  /** The folder that `--peer` was given. */
  readonly peer?: string
  /** An address that serves the page already; by default the server of `kerf studio` is started. */
  readonly url?: string
  /** Behind the address: `#costs`. */
  readonly hash?: string
  /** Text in a font that every machine has: for what is compared pixel by pixel, or nearly so. */
  readonly sameFont?: boolean
}

/** A page that was opened. */
export interface Visit {
  readonly page: Page
  readonly context: BrowserContext
  /** Picks files, paths from the repository's root, and waits until the model, the first one, is shown. */
  open(...paths: string[]): Promise<void>
  /** Waits until a model is shown. @param name its file's */
  shown(name: string): Promise<void>
  /** What the page has asked for so far. */
  readonly requests: readonly string[]
  /** Errors that this test brings about: what matches is none. */
  forgive(message: RegExp): void
  /** Fails where axe finds something against WCAG 2.2, levels A and AA. */
  accessible(): Promise<void>
  /** Fails where the page is wider than its window. */
  fits(): Promise<void>
  /** Writes a picture of the window into `pictures`. @param name of the file, without ending */
  picture(name: string): Promise<void>
}

/** A browser for the tests of a `describeBrowser`. */
export function useStudio(): { visit(options?: VisitOptions): Promise<Visit>; browser(): Browser } {
  let browser: Browser
  const endings: (() => Promise<void>)[] = []
  const visits: Visit[] = []
  beforeAll(async () => {
    browser = await launch()
  })
  afterAll(() => browser?.close())
  afterEach(async ({ task }) => {
    // What the pages showed when a test failed is most of the reason.
    if (task.result?.state === 'fail') {
      // Of a test that passes when it is tried again nobody else tells why it failed.
      console.error(`“${task.name}” failed: ${task.result.errors?.map((error) => error.message).join('\n')}`)
      await Promise.allSettled(visits.map((visit, i) => keep(visit, task, i + 1)))
    }
    visits.splice(0)
    const results = await Promise.allSettled(endings.splice(0).map((end) => end()))
    for (const result of results) if (result.status === 'rejected') throw result.reason
  })
  return {
    browser: () => browser,
    async visit({ model, peer, url, hash = '', sameFont, ...options } = {}) {
      const studio = url === undefined ? await serveStudio(model, peer) : undefined
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
      const address = new URL((studio?.url ?? url)!)
      const watched = watch(context, address.origin)
      endings.push(async () => {
        await context.close()
        await studio?.close()
        watched.check()
      })
      if (sameFont) await context.addInitScript({ content: inSameFont })
      const page = await context.newPage()
      await page.goto(address.href)
      // The address with the token sends the browser on.
      await page.getByRole('heading', { name: 'Kerf', level: 1 }).waitFor()
      // Keys are listened to from just after the first picture on.
      await page.evaluate(twoFrames)
      if (hash !== '') await page.goto(new URL(hash, page.url()).href)
      const visit = visitOf(page, watched)
      visits.push(visit)
      return visit
    },
  }
}

/**
 * Picks files in the chooser that keys bring about. That the test takes its place is told to the page's own thread, and keys, which come from the browser, overtake it:
 * what is evaluated there comes behind it.
 */
export async function pickByKeys(page: Page, keys: string, file: string): Promise<void> {
  const chooser = page.waitForEvent('filechooser')
  await page.evaluate('0')
  await page.keyboard.press(keys)
  await (await chooser).setFiles(file)
}

/** As the command does: a free port, and the model's own files. @param model from the repository's root @param peer a folder */
export function serveStudio(model?: string, peer?: string): Promise<Studio> {
  const path = model === undefined ? undefined : resolve(root, model)
  const given = path === undefined ? [] : givenFiles(path, filesOf(readModelFile(path)).slice(1))
  return startStudio({ files: pageFiles(built), given, peer: peer === undefined ? undefined : findPeer(peer), port: 0 })
}

const font = readFileSync(
  createRequire(import.meta.url).resolve('@fontsource-variable/inter/files/inter-latin-wght-normal.woff2'),
)

/** Run before the page's scripts. Bytes, since its policy allows fonts of its own server alone. */
const inSameFont = `{
  document.fonts.add(new FontFace('Same', Uint8Array.fromBase64('${font.toString('base64')}'), { weight: '100 900' }))
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(':root:root { --mantine-font-family: Same; --mantine-font-family-headings: Same; --mantine-font-family-monospace: Same }')
  document.adoptedStyleSheets = [sheet]
}`

/** Of a test that failed: a picture, and the page as text, since a log keeps no pictures. */
async function keep({ page, picture }: Visit, task: { readonly id: string; readonly name: string }, visit: number) {
  await picture(`failed-${task.id}-${visit}`)
  const text = await page.locator('body').ariaSnapshot({ timeout: 5000 })
  console.error(`Page ${visit} of “${task.name}” was:\n${text.slice(0, 4000)}`)
}

interface Watched {
  readonly requests: string[]
  readonly forgiven: RegExp[]
  check(): void
}

/** Notes what pages and their workers ask for, and what they complain of. */
function watch(context: BrowserContext, origin: string): Watched {
  const requests: string[] = []
  const complaints: string[] = []
  const forgiven: RegExp[] = []
  context.on('request', (request) => requests.push(request.url()))
  context.on('weberror', (error) => complaints.push(`thrown: ${error.error().stack ?? error.error().message}`))
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  return {
    requests,
    forgiven,
    check() {
      const isOwn = (url: string) => url.startsWith(`${origin}/`) || /^(data|blob):/.test(url)
      expect(
        requests.filter((url) => !isOwn(url)),
        'requests to others',
      ).toEqual([])
      expect(
        complaints.filter((text) => !forgiven.some((pattern) => pattern.test(text))),
        'errors and warnings of the page',
      ).toEqual([])
    },
  }
}

function visitOf(page: Page, { requests, forgiven }: Watched): Visit {
  const shown = (name: string) => page.getByRole('banner').getByText(name, { exact: true }).waitFor()
  return {
    page,
    context: page.context(),
    requests,
    shown,
    forgive: (message) => forgiven.push(message),
    async open(...paths) {
      // The page's own comes behind those of views.
      const input = page.locator('input[type=file]:not([webkitdirectory])').last()
      await input.setInputFiles(paths.map((path) => resolve(root, path)))
      await shown(basename(paths[0]!))
    },
    async accessible() {
      // What is fading in has too little contrast until it is there.
      await page.evaluate(twoFrames)
      await page.evaluate(`Promise.race([
        new Promise((late) => setTimeout(late, 2000)),
        Promise.allSettled(document.getAnimations().filter((a) => a.effect.getComputedTiming().endTime !== Infinity).map((a) => a.finished)),
      ])`)
      // Not as a script of the page, which its policy forbids.
      await page.evaluate(axe)
      const violations = await page.evaluate(violationsFound, ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
      expect(violations).toEqual([])
    },
    async fits() {
      const { scrollWidth, clientWidth } = await page.evaluate(widths)
      expect(scrollWidth, 'width of the page').toBeLessThanOrEqual(clientWidth)
    },
    async picture(name) {
      mkdirSync(pictures, { recursive: true })
      await page.screenshot({ path: join(pictures, `${name}.png`) })
    },
  }
}

/** What React does behind a picture, and transitions that begin with the next one, are under way then. */
const twoFrames = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/* Run in the page, where these exist. */
interface InPage {
  readonly axe: {
    run(options: object): Promise<{
      violations: readonly { id: string; nodes: readonly { html: string; failureSummary?: string }[] }[]
    }>
  }
  readonly document: { documentElement: { scrollWidth: number; clientWidth: number } }
}

async function violationsFound(tags: string[]): Promise<string[]> {
  const { axe } = globalThis as unknown as InPage
  const { violations } = await axe.run({ runOnly: tags })
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}\n${node.failureSummary}`))
}

function widths(): { scrollWidth: number; clientWidth: number } {
  const { scrollWidth, clientWidth } = (globalThis as unknown as InPage).document.documentElement
  return { scrollWidth, clientWidth }
}
