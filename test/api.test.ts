// What `import … from 'kerf'` and its entry points give: src/api, as package.json's `exports` names it.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import * as cost from '../src/api/cost.node.ts'
import * as browserCost from '../src/api/cost.ts'
import * as root from '../src/api/index.node.ts'
import * as browserRoot from '../src/api/index.ts'
import * as prune from '../src/api/prune.node.ts'
import * as browserPrune from '../src/api/prune.ts'
import * as rewrite from '../src/api/rewrite.node.ts'
import * as browserRewrite from '../src/api/rewrite.ts'
import * as runtime from '../src/api/runtime.node.ts'
import * as browserRuntime from '../src/api/runtime.ts'
import * as train from '../src/api/train.node.ts'
import * as browserTrain from '../src/api/train.ts'
import * as workflow from '../src/api/workflow.node.ts'
import * as browserWorkflow from '../src/api/workflow.ts'

type Target = { readonly types: string; readonly default: string }
type Entry = string | Target | { readonly node: Target; readonly default: Target }

const folder = fileURLToPath(new URL('../', import.meta.url))
const { exports }: { exports: Record<string, Entry> } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
const targets = (entry: Entry): Target[] =>
  typeof entry === 'string' ? [] : 'node' in entry ? [entry.node, entry.default] : [entry]

describe('the entry points', () => {
  it('are the files of src/api, all of them, with their types', () => {
    const all = Object.values(exports).flatMap(targets)
    const sources = all.map(({ default: path }) => `${basename(path, '.js')}.ts`)
    expect(sources.sort()).toEqual(readdirSync(join(folder, 'src/api')).sort())
    for (const { types, default: path } of all) expect(types).toBe(path.replace(/js$/, 'd.ts'))
  })

  it('are there in the built package', () => {
    const files = Object.values(exports).flatMap((e) =>
      typeof e === 'string' ? [e] : targets(e).flatMap((t) => [t.types, t.default]),
    )
    expect(files.length).toBeGreaterThan(20)
    for (const path of files) expect(existsSync(join(folder, path)), path).toBe(true)
  })

  it('have a name for their subject, not for Node', () => {
    expect(Object.keys(exports).filter((name) => name.includes('node'))).toEqual([])
  })

  it('say what they export name by name', () => {
    const lists = readdirSync(join(folder, 'src/api')).filter((name) => !name.endsWith('.node.ts'))
    for (const name of lists) expect(readFileSync(join(folder, 'src/api', name), 'utf8')).not.toMatch(/export \*/)
  })
})

// That each has the other's types is checked where this file is compiled.
const twins: [string, object, object][] = [
  ['kerf', root satisfies typeof browserRoot, browserRoot satisfies typeof root],
  ['kerf/cost', cost satisfies typeof browserCost, browserCost satisfies typeof cost],
  ['kerf/prune', prune satisfies typeof browserPrune, browserPrune satisfies typeof prune],
  ['kerf/rewrite', rewrite satisfies typeof browserRewrite, browserRewrite satisfies typeof rewrite],
  ['kerf/runtime', runtime satisfies typeof browserRuntime, browserRuntime satisfies typeof runtime],
  ['kerf/train', train satisfies typeof browserTrain, browserTrain satisfies typeof train],
  ['kerf/workflow', workflow satisfies typeof browserWorkflow, browserWorkflow satisfies typeof workflow],
]

it.each(twins)('%s has the same names in Node and in a browser', (_, node, browser) => {
  expect(Object.keys(node).sort()).toEqual(Object.keys(browser).sort())
  expect(Object.keys(node).length).toBeGreaterThan(3)
})

it('has threads in Node', async () => {
  const { nets } = await import('../src/api/nets.ts')
  for (const { createSession } of [root, runtime]) {
    const session = await createSession(nets.lenet5_bn({ batch: 1 }), { threads: 2 })
    try {
      expect(session.threads).toBe(2)
      const outputs = await session.run({ input: new Float32Array(28 * 28) })
      expect(outputs.logits?.shape).toEqual([1, 10])
    } finally {
      session.dispose()
    }
  }
})

// The path is no literal, so that types do not need the build.
const built = (name: string) => import(new URL(`../dist/api/${name}.js`, import.meta.url).href)

it('runs a session in a worker, once it is built', async () => {
  const { createSession } = await built('index.node')
  const { nets } = await built('nets')
  const session = await createSession(nets.lenet5_bn({ batch: 1 }), { worker: true, threads: 2 })
  expect(session.threads).toBe(2)
  const outputs = await session.run({ input: new Float32Array(28 * 28) })
  expect(outputs.logits.shape).toEqual([1, 10])
  await session.dispose()
})

it('prepares batches in a thread of its own, once it is built', async () => {
  const { createWorkerLoader } = await built('files.node')
  const { generatedImages } = await built('data')
  const { train: set } = generatedImages({ classes: 2, trainImages: 8, testImages: 1 })
  const loader = createWorkerLoader(set, { batchSize: 4, transforms: [], training: true })
  expect(loader).toBeDefined()
  try {
    let images = 0
    for await (const batch of loader.epoch(0)) images += batch.count
    expect(images).toBe(8)
  } finally {
    await loader.dispose()
  }
})
