import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

interface Measure {
  measureProcess(file: string, args: readonly string[]): Promise<{ readonly peakMiB: number }>
}

const { measureProcess } = (await import(new URL('../bench/measure.mjs', import.meta.url).href)) as Measure

describe('the peak memory of a benchmark’s process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kerf-measured-'))
  const file = join(folder, 'hold.mjs')
  beforeAll(() => writeFileSync(file, 'globalThis.held = new Uint8Array(Number(process.argv[2]) * 2 ** 20).fill(1)\n'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('is its own, whatever its parent holds', async () => {
    const alone = await measureProcess(file, ['0'])
    const held = new Uint8Array(400 * 2 ** 20).fill(1)
    const beside = await measureProcess(file, ['0'])
    expect(held[1]).toBe(1)
    expect(Math.abs(beside.peakMiB - alone.peakMiB)).toBeLessThan(30)
    const large = await measureProcess(file, ['200'])
    expect(large.peakMiB - alone.peakMiB).toBeGreaterThan(190)
    expect(large.peakMiB - alone.peakMiB).toBeLessThan(230)
  })
})
