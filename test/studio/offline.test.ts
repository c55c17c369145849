// The page as a folder that any server serves: under any path, without a network, with threads, as an application.

import { readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { built, useStudio } from './harness.ts'

const types: Readonly<Record<string, string>> = {
  html: 'text/html',
  js: 'text/javascript',
  css: 'text/css',
  json: 'application/json',
  svg: 'image/svg+xml',
  png: 'image/png',
  webmanifest: 'application/manifest+json',
}

/** A plain server that knows nothing of isolation, with the page in a folder of its own. */
async function servePlainly(folder: string) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    asked.push(pathname)
    const path = join(built, pathname.slice(folder.length).replace(/^$|\/$/, 'index.html'))
    if (!pathname.startsWith(folder) || !statSync(path, { throwIfNoEntry: false })?.isFile())
      return response.writeHead(404).end()
    const type = types[path.split('.').at(-1)!] ?? 'application/octet-stream'
    return response.writeHead(200, { 'Content-Type': type }).end(readFileSync(path))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${folder}`, asked, close }
}

describeBrowser('the page as a folder', () => {
  const studio = useStudio()

  it('works under any path, isolates itself, and goes on without its server', async () => {
    const folder = '/some/where/studio/'
    const server = await servePlainly(folder)
    const { page, shown, open } = await studio.visit({ url: server.url })
    // The service worker has it loaded a second time.
    await expect.poll(() => page.evaluate('crossOriginIsolated').catch(() => false), { timeout: 20_000 }).toBe(true)
    await page.getByRole('button', { name: 'Digits' }).click()
    await shown('lenet5.onnx')
    expect(server.asked.filter((path) => !path.startsWith(folder))).toEqual([])
    await server.close()
    await page.reload()
    await page.getByRole('heading', { name: 'See what a network costs' }).waitFor()
    expect(await page.evaluate('crossOriginIsolated')).toBe(true)
    for (const [button, name] of [
      ['Digits', 'lenet5.onnx'],
      ['ResNet-18', 'resnet18'],
    ] as const) {
      await page.getByRole('button', { name: button }).click()
      await shown(name)
      for (const tab of await page.getByRole('tab').all()) await tab.click()
      await page.getByRole('button', { name: 'Open', exact: true }).click()
      await page.getByRole('menuitem', { name: /^Close/ }).click()
    }
    await open('examples/digits/lenet5.onnx')
    // A view that was never looked at while there was a network.
    await page.keyboard.press('Control+/')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor()
  })

  it('can be installed', async () => {
    const server = await servePlainly('/')
    const { page, context } = await studio.visit({ url: server.url })
    await expect.poll(() => page.evaluate('crossOriginIsolated').catch(() => false), { timeout: 20_000 }).toBe(true)
    const session = await context.newCDPSession(page)
    const { errors } = await session.send('Page.getAppManifest')
    expect(errors).toEqual([])
    // Windows without traces cannot install anything; tests have no other. The manifest may still be on its way.
    const problems = async () => {
      const { installabilityErrors } = await session.send('Page.getInstallabilityErrors')
      return installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito')
    }
    await expect.poll(problems, { timeout: 10_000 }).toEqual([])
    await page.close()
    await server.close()
  })

  it('keeps to its own server by its own policy', async () => {
    const server = await servePlainly('/')
    const { page, forgive } = await studio.visit({ url: server.url })
    forgive(/Content Security Policy/)
    const failed = await page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'fetched', (error) => error.message)")
    expect(failed).toBe('Failed to fetch')
    expect(
      await page.evaluate(
        "new Promise((resolve) => { addEventListener('securitypolicyviolation', ({ effectiveDirective }) => resolve(effectiveDirective)); fetch('http://127.0.0.1:9/').catch(() => {}) })",
      ),
    ).toBe('connect-src')
    await page.close()
    await server.close()
  })

  it('asks for no more than 350 kB at first', async () => {
    const { page, requests } = await studio.visit()
    await page.waitForLoadState('networkidle')
    const base = new URL('.', page.url()).href
    const paths = requests
      .filter((url) => url.startsWith(base))
      .map((url) => url.slice(base.length) || 'index.html')
      .filter((path) => path !== 'given.json')
    expect(paths).toEqual(expect.arrayContaining(['index.html', expect.stringMatching(/worker-.*\.js$/)]))
    const sizes = [...new Set(paths)].map((path) => gzipSync(readFileSync(join(built, path))).length)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(350_000)
  })
})
