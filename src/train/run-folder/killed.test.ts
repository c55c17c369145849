import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { seededRandom } from '../../base/index.ts'
import { nodeProcess } from '../../testing/command.ts'
import { weightsAfter } from './killed-run.node.ts'
import { openRunFolder } from './run-folder.node.ts'

/** Starts the process, kills it some time after its first checkpoint, and returns the last step that it said was on the disk. */
async function runAndKill(script: string, folder: string, delayMs: number): Promise<number> {
  const interrupt = { signal: 'SIGKILL', delayMs, when: /\n/ } as const
  const { signal, err } = await nodeProcess([script, folder], { interrupt })
  expect(signal, err).toBe('SIGKILL')
  return Number(err.split('\n').at(-2))
}

it('a run killed at any moment has a checkpoint that loads, no older than it said', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kerf-killed-'))
  try {
    const script = join(folder, 'run.mjs')
    await build({
      stdin: {
        contents: `import { writeForever } from './killed-run.node.ts'
          import { writeSync } from 'node:fs'
          writeForever(process.argv[2], (step) => writeSync(2, step + '\\n'))`,
        resolveDir: fileURLToPath(new URL('.', import.meta.url)),
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: script,
    })
    const path = join(folder, 'run')
    const random = seededRandom(20)
    let before = 0
    for (let kill = 0; kill < 20; kill++) {
      const said = await runAndKill(script, path, random.below(30))
      expect(said).toBeGreaterThan(before)
      const run = openRunFolder(path)
      const found = run.latestCheckpoint()!
      run.close()
      expect(found.skipped).toEqual([])
      // The step after the last one said may be on the disk, too.
      expect([said, said + 1]).toContain(found.state.step)
      expect(found.sections.weights?.get('w')).toEqual(weightsAfter(found.state.step))
      expect(found.sections.optimiser?.get('steps')).toEqual(Float64Array.of(found.state.step))
      expect(run.metrics.filter((m) => m.step <= said).map((m) => m.step)).toEqual(
        Array.from({ length: said }, (_, i) => i + 1),
      )
      expect(readdirSync(join(path, 'checkpoints')).length).toBeLessThanOrEqual(3)
      before = said
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
