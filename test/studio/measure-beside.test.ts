// Kerf beside another runtime, which `kerf studio --peer` was given: onnxruntime-web where it is installed, and files in its place that fail as it may.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { KerfError } from '../../src/base/index.ts'
import { findPeer } from '../../src/cli/studio/peer.ts'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { lenet } from './files.ts'
import { root, useStudio, type Visit } from './harness.ts'

/** Where `npm ci --prefix bench` puts it. */
const installed = join(root, 'bench')
const isInstalled = (() => {
  try {
    return findPeer(installed).files.size > 0
  } catch (error) {
    if ((error as KerfError).code === 'not-found') return false
    throw error
  }
})()

const folder = mkdtempSync(join(tmpdir(), 'kerf-studio-peer-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A folder like the package's, with another script. */
function peerOf(name: string, script: string): string {
  const dist = join(folder, name, 'dist')
  mkdirSync(dist, { recursive: true })
  for (const file of ['ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm']) writeFileSync(join(dist, file), '')
  writeFileSync(join(dist, 'ort.wasm.min.mjs'), script)
  return join(folder, name)
}

/** What the page uses of it. @param create opens a network */
const scriptOf = (create: string) => `
  export const env = { versions: { web: '0.0.1' }, wasm: {} }
  export class Tensor { constructor(type, data, dims) { Object.assign(this, { type, data, dims }) } }
  export const InferenceSession = { create: ${create} }`

describeBrowser('Measuring beside another runtime', () => {
  const studio = useStudio()
  const visit = async (options: Parameters<typeof studio.visit>[0]): Promise<Visit> => {
    const visited = await studio.visit({ model: lenet, ...options })
    await visited.shown('lenet5.onnx')
    await visited.page.getByRole('tab', { name: 'Measure' }).click()
    await visited.page.getByRole('region', { name: 'Measure' }).waitFor()
    return visited
  }
  const beside = ({ page }: Visit) => page.getByRole('switch', { name: 'Beside onnxruntime-web' })
  const measure = async ({ page }: Visit, seconds = '1') => {
    await page.getByRole('combobox', { name: 'Duration' }).click()
    await page.getByRole('option', { name: seconds, exact: true }).click()
    await page.getByRole('button', { name: 'Measure' }).click()
  }
  const exported = async ({ page }: Visit, format: string) => {
    await page.getByRole('button', { name: 'Export' }).click()
    const item = page.getByRole('menuitem', { name: format }).first()
    const [download] = await Promise.all([page.waitForEvent('download'), item.click()])
    return readFileSync(await download.path(), 'utf8')
  }

  it('is not offered where the command was given none', async () => {
    const visited = await visit({})
    expect(await beside(visited).count()).toBe(0)
  })

  it.skipIf(!isInstalled)(
    `onnxruntime-web takes turns with Kerf${isInstalled ? '' : ' (skipped: npm ci --prefix bench installs it)'}`,
    async () => {
      const visited = await visit({ peer: installed })
      const { page, requests, accessible, fits, picture } = visited
      const ofPeer = () => requests.filter((url) => url.includes('/peer/')).length
      // Off at first, and then nothing of it is loaded.
      expect(await beside(visited).isChecked()).toBe(false)
      await measure(visited)
      await page.getByRole('grid').waitFor()
      expect(ofPeer()).toBe(0)
      expect(JSON.parse(await exported(visited, 'JSON'))).not.toHaveProperty('beside')

      await beside(visited).check()
      await page.getByRole('textbox', { name: 'Threads' }).fill('2')
      await measure(visited)
      const table = page.getByRole('table', { name: 'Beside onnxruntime-web' })
      await table.waitFor()
      expect(ofPeer()).toBeGreaterThan(0)
      const saved = JSON.parse(await exported(visited, 'JSON'))
      expect(saved).toMatchObject({ threads: 2, beside: { runtime: 'onnxruntime-web' } })
      expect(saved.beside.version).toMatch(/^\d+\.\d+\.\d+/)
      expect(saved.beside.maxRelDiff).toBeLessThan(1e-4)
      expect(saved.beside.whole.runs).toBeGreaterThanOrEqual(5)
      expect(saved.beside.ratio).toBeCloseTo(saved.beside.whole.medianMs / saved.whole.medianMs, 10)

      const [kerf, other] = await table.locator('tbody tr').allInnerTexts()
      expect(kerf).toMatch(/^Kerf\b/)
      expect(kerf).toContain(saved.whole.medianMs.toFixed(3))
      expect(other).toMatch(new RegExp(`^onnxruntime-web ${saved.beside.version}\\b`))
      expect(other).toContain(saved.beside.whole.medianMs.toFixed(3))
      expect(other).toContain(saved.beside.ratio.toFixed(2))
      await page
        .getByText(`differ by at most ${saved.beside.maxRelDiff.toExponential(1)} of the largest value`)
        .waitFor()

      const lines = (await exported(visited, 'CSV')).trim().split(/\r?\n/)
      expect(lines[0]).toMatch(/,runtime,ratio,maxRelDiff$/)
      expect(lines.at(-2)).toMatch(/^whole run,.*,kerf,1,0$/)
      const { version, ratio, maxRelDiff, whole } = saved.beside
      expect(lines.at(-1)).toContain(`whole run,,,${whole.medianMs},`)
      expect(lines.at(-1)).toContain(`,onnxruntime-web ${version},${ratio},${maxRelDiff}`)

      for (const width of [360, 1280]) {
        await page.setViewportSize({ width, height: width === 360 ? 740 : 800 })
        await page.evaluate('scrollTo(0, 0)')
        await accessible()
        await fits()
        await picture(`measure-beside-${width}`)
      }
    },
  )

  it.each([
    [
      'does not run the network',
      scriptOf(`async () => { throw new Error("Could not find an implementation for Conv(11)\\nat x") }`),
      'onnxruntime-web was not measured: ort-web does not load the network: Error: Could not find an implementation for Conv(11)',
    ],
    [
      'fails in the middle',
      scriptOf(`async () => {
        let runs = 0
        return { release() {}, async run() { if (++runs > 3) throw new RangeError('out of memory'); return {} } }
      }`),
      'onnxruntime-web was not measured: out of memory',
    ],
    ['is no script', 'export const', 'onnxruntime-web was not measured: its script cannot be loaded (Unexpected'],
    [
      'asks for a file that is not served',
      "import './other.mjs'",
      'onnxruntime-web was not measured: its script cannot be loaded (Failed to fetch dynamically imported module: ort.wasm.min.mjs)',
    ],
  ])('what %s is told in a sentence, and Kerf is measured', async (name, script, sentence) => {
    const visited = await visit({ peer: peerOf(name, script) })
    const { page, forgive, accessible } = visited
    forgive(/status of 404|403/)
    await beside(visited).check()
    await measure(visited)
    await page.getByRole('grid').waitFor()
    expect(await page.getByRole('alert').allInnerTexts()).toEqual([expect.stringContaining(sentence)])
    await accessible()
    const saved = JSON.parse(await exported(visited, 'JSON'))
    expect(saved.whole.runs).toBeGreaterThanOrEqual(5)
    expect(saved.beside).toEqual({ runtime: 'onnxruntime-web', problem: expect.stringContaining(sentence) })
    expect((await exported(visited, 'CSV')).split(/\r?\n/)[0]).toMatch(/,kernels$/)
  })

  it('lets the other runtime send nothing elsewhere', async () => {
    let asked = 0
    const other = createServer((_, response) => {
      asked++
      response.writeHead(200, { 'Access-Control-Allow-Origin': '*', 'Content-Type': 'text/javascript' }).end()
    })
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`
    try {
      const visited = await visit({
        peer: peerOf(
          'sends',
          `const tries = [
            () => fetch('${address}', { method: 'POST', body: 'a model' }),
            () => fetch('${address}', { mode: 'no-cors' }),
            () => new Promise((resolve, reject) => {
              const socket = new WebSocket('${address.replace('http', 'ws')}')
              socket.onopen = resolve
              socket.onerror = reject
            }),
          ]
          const results = await Promise.allSettled(tries.map(async (attempt) => attempt()))
          const sent = results.filter(({ status }) => status === 'fulfilled').length
          ${scriptOf(`async () => { throw new Error('Sent ' + sent + ' of ' + results.length) }`)}`,
        ),
      })
      const { page, forgive } = visited
      forgive(/Content Security Policy/)
      await beside(visited).check()
      await measure(visited)
      await page.getByRole('alert').getByText('Sent 0 of 3').waitFor()
      expect(asked).toBe(0)
    } finally {
      other.close()
    }
  })

  it('stops while the other runtime works, and measures again', async () => {
    const never = scriptOf('async () => ({ release() {}, run() { for (;;); } })')
    const visited = await visit({ peer: peerOf('never', never) })
    const { page } = visited
    await beside(visited).check()
    await measure(visited, '30')
    await page.getByRole('status').getByText('Making onnxruntime-web ready').waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByRole('button', { name: 'Measure' }).waitFor()
    expect(await page.getByRole('alert').count()).toBe(0)
    await beside(visited).uncheck()
    await measure(visited)
    await page.getByRole('grid').waitFor()
  })
})
