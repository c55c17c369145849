// Kerf Studio's graph while it is moved: frames per second with all of 10,000 nodes to be seen, and near enough to be read, in Chromium (CHROMIUM_PATH, or /usr/bin/chromium),
// whose drawing is done by the processor here.
//
//     npm run bench -- graph-frames [--nodes 10000] [--seconds 5] [--rounds 3] [--json FILE]

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import { cliPath, root } from '../scripts/prepare.mjs'
import { benchOptions } from './options.mjs'

/** @param {string[]} args */
export async function benchmark(args = []) {
  const options = benchOptions(args, { nodes: 10_000, seconds: 5, rounds: 3 })
  const folder = mkdtempSync(join(tmpdir(), 'kerf-bench-'))
  const results = []
  try {
    const model = await networkFile(folder, options.nodes)
    const studio = await startStudio(model)
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM_PATH || '/usr/bin/chromium',
      chromiumSandbox: false,
      args: ['--disable-gpu'],
    })
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
      await page.goto(studio.url)
      const canvas = page.locator('canvas[aria-roledescription=graph]')
      await canvas.waitFor()
      await page.getByRole('button', { name: 'Open all blocks' }).click()
      const boxes = options.nodes + 2
      await page.locator(`canvas[aria-label^="The network: ${boxes} boxes"]`).waitFor({ timeout: 300_000 })
      for (const sight of ['everything', 'near']) {
        await page.getByRole('button', { name: 'Show everything' }).click()
        await page.waitForTimeout(1000)
        if (sight === 'near') for (let i = 0; i < 14; i++) await page.getByRole('button', { name: 'Zoom in' }).click()
        for (let round = 0; round < options.rounds; round++) results.push(await panned(page, canvas, sight, options))
      }
    } finally {
      await browser.close()
      studio.child.kill('SIGINT')
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  for (const { sight, fps, medianMs, slowMs } of results)
    console.log(
      `  ${options.nodes} nodes, ${sight.padEnd(10)} ${fps.toFixed(1)} frames/s, median ${medianMs.toFixed(1)} ms, 95 % within ${slowMs.toFixed(1)} ms`,
    )
  if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`)
  return 0
}

/** A drag to and fro, a step for every frame, and how long frames took. */
async function panned(page, canvas, sight, { seconds }) {
  const { x, y, width, height } = await canvas.boundingBox()
  const [left, top] = [x + width / 2, y + height / 2]
  await page.mouse.move(left, top)
  await page.mouse.down()
  await page.evaluate(
    'globalThis.frames = []; globalThis.noted = (t) => { frames.push(t); globalThis.next = requestAnimationFrame(noted) }; globalThis.next = requestAnimationFrame(noted)',
  )
  const end = performance.now() + 1000 * seconds
  for (let i = 0; performance.now() < end; i++)
    await page.mouse.move(left + 120 * Math.sin(i / 12), top + 160 * Math.cos(i / 15))
  const frames = await page.evaluate('cancelAnimationFrame(next), frames')
  await page.mouse.up()
  const took = frames.slice(1).map((t, i) => t - frames[i])
  const sorted = took.toSorted((a, b) => a - b)
  const total = took.reduce((a, b) => a + b, 0)
  return {
    ...{ sight, frames: took.length, fps: (1000 * took.length) / total },
    medianMs: sorted[Math.floor(sorted.length / 2)],
    slowMs: sorted[Math.floor(0.95 * sorted.length)],
  }
}

/** The network of the tests, as a file. */
async function networkFile(folder, nodes) {
  const contents = `
    import { writeFileSync } from 'node:fs'
    import { modelBytes } from './src/api/index.node.ts'
    import { largeNetwork } from './test/studio/large-network.ts'
    export const write = (path, nodes) => writeFileSync(path, modelBytes(largeNetwork(nodes)))`
  const outfile = join(folder, 'network.mjs')
  await build({
    stdin: { contents, resolveDir: root },
    ...{ bundle: true, platform: 'node', format: 'esm', packages: 'external', outfile, logLevel: 'error' },
  })
  const { write } = await import(pathToFileURL(outfile).href)
  const path = join(folder, 'random.onnx')
  write(path, nodes)
  return path
}

/** @returns {Promise<{ child: import('node:child_process').ChildProcess, url: string }>} */
function startStudio(model) {
  const child = spawn(process.execPath, [cliPath, 'studio', model, '--no-open'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return new Promise((resolve, reject) => {
    let said = ''
    child.stdout.on('data', (chunk) => {
      said += chunk
      if (said.includes('\n')) resolve({ child, url: said.trim() })
    })
    child.on('exit', (code) => reject(new Error(`kerf studio ended with ${code}`)))
  })
}
