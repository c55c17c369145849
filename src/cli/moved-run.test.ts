// A run's folder that lies elsewhere now, without the files that it was made from.

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readModelFile, writeModelFile } from '../onnx/index.node.ts'
import { tinyNet } from '../testing/tiny-images.ts'
import { parseRecipe, runRecipe } from '../train/index.node.ts'
import { kerf } from './in-process.ts'

let folder: string
const at = (name: string) => join(folder, name)
/** As somebody in this folder writes it. */
const here = (name: string) => relative(process.cwd(), at(name))

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-moved-'))
  for (const part of ['train', 'test'])
    for (const [i, grey] of [20, 120, 220].entries()) {
      mkdirSync(at(`project/photos/${part}/c${i}`), { recursive: true })
      for (let n = 0; n < 16; n++)
        await sharp({ create: { width: 8, height: 8, channels: 3, background: `rgb(${grey},${grey},${grey + n})` } })
          .toColourspace('b-w')
          .png()
          .toFile(at(`project/photos/${part}/c${i}/${n}.png`))
    }
  writeModelFile(tinyNet(), at('project/tiny.onnx'))
  writeModelFile(tinyNet({ channels: 6 }), at('project/teacher.onnx'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const weights = (path: string) =>
  [...readModelFile(path).graph.initializers].map(([name, t]) => [name, Buffer.from(t.data.bytes()).toString('hex')])

it('is measured, and goes on to the same bits, with the data given anew', async () => {
  const recipe = (output: string) =>
    parseRecipe({
      model: { onnx: here('project/tiny.onnx') },
      data: { kind: 'images', train: here('project/photos/train'), test: at('project/photos/test') },
      distillation: { teacher: here('project/teacher.onnx') },
      ...{ output: here(output), epochs: 2, batchSize: 8, threads: 1, learningRate: 0.05 },
    })
  const stop = new AbortController()
  const options = { onNotice: () => {} }
  await runRecipe(recipe('project/whole'), options)
  const onEvent = (event: { kind: string }) => event.kind === 'epoch' && stop.abort()
  expect((await runRecipe(recipe('project/run'), { ...options, signal: stop.signal, onEvent })).stopped).toBe(true)
  // Paths are relative to the folder, but for those that were given whole.
  const written = JSON.parse(readFileSync(at('project/run/recipe.json'), 'utf8'))
  expect(written).toMatchObject({
    model: { onnx: '../tiny.onnx' },
    data: { train: '../photos/train', test: at('project/photos/test') },
    distillation: { teacher: '../teacher.onnx' },
    output: '.',
  })

  // With everything around it.
  renameSync(at('project'), at('moved'))
  const relocated = await kerf('eval', at('moved/run/last.onnx'), '--data', `images:nowhere,${at('moved/photos/test')}`)
  expect(relocated).toMatchObject({ status: 0, out: expect.stringMatching(/^Images +48$/m) })

  // Alone: model, teacher and training images are gone.
  cpSync(at('moved/run'), at('alone'), { recursive: true })
  cpSync(at('moved/photos'), at('data'), { recursive: true })
  cpSync(at('moved/whole/last.onnx'), at('whole.onnx'))
  rmSync(at('moved'), { recursive: true })
  const missing = await kerf('eval', at('alone'))
  expect(missing).toMatchObject({ status: 1, out: '' })
  expect(missing.err).toMatch(/photos.* Its run's recipe says that the data lie there; --data gives another place\.\n$/)
  expect((await kerf('eval', at('alone'), '--data', `images:nowhere,${at('data/test')}`)).status).toBe(0)
  expect(existsSync(at('alone/teacher.onnx'))).toBe(true)
  const resumed = await kerf('train', at('alone'), '--resume', '--data', at('data'))
  expect(resumed.status, resumed.err).toBe(0)
  expect(resumed.err).toContain('going on after step')
  expect(weights(at('alone/last.onnx'))).toEqual(weights(at('whole.onnx')))
  // Other data than an other place are another recipe.
  const other = await kerf('train', at('alone'), '--resume', '--data', 'generated')
  expect(other).toMatchObject({ status: 1, err: expect.stringContaining('was started with another recipe') })
})
