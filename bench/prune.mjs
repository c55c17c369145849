// Grouping, scoring and cutting, after loading: from the model in memory to every byte of the smaller one.

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../scripts/prepare.mjs'
import { measureProcess, median, verdict } from './measure.mjs'

const shared = fileURLToPath(new URL('../../shared/models/', import.meta.url))

export async function benchmark() {
  const folder = mkdtempSync(join(tmpdir(), 'kerf-bench-'))
  let missed = 0
  try {
    console.log(
      'Pruning half of every group (filter and neuron, L2), after loading, in a fresh process each time, median of 5',
    )
    for (const [name, limit] of Object.entries({ resnet50: 1, densenet121: 1.5 })) {
      const path = await modelFile(name, folder)
      if (!path) {
        console.log(`  ${name}: skipped, its structure is not in this checkout`)
        continue
      }
      const runs = []
      for (let i = 0; i < 5; i++)
        runs.push(
          JSON.parse((await measureProcess(fileURLToPath(new URL('prune-once.mjs', import.meta.url)), [path])).output),
        )
      const of = (key) => median(runs.map((r) => r[key]))
      missed += verdict(`${name}: group, score, cut and compute the new weights`, of('total'), limit, 's')
      console.log(
        `    of which groups ${of('groups').toFixed(2)} s, pruneModel ${of('prune').toFixed(2)} s (groups, scores, cut, counts before and after), new weights ${of('weights').toFixed(2)} s`,
      )
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return missed
}

async function modelFile(name, folder) {
  if (existsSync(shared)) {
    const made = await run(process.execPath, [join(shared, 'fill-weights.mjs'), folder, name])
    if (made.code !== 0) throw new Error(made.output)
    return join(folder, `${name}.onnx`)
  }
  const { nets } = await import('../dist/api/nets.js')
  if (!(name in nets)) return undefined
  const { writeModelFile } = await import('../dist/api/files.node.js')
  const path = join(folder, `${name}.onnx`)
  writeModelFile(nets[name](), path)
  return path
}
