// Files read and written again mean the same: to ONNX Runtime, bit for bit, and field by field as messages.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { modelBytes, readModel, readModelFile, writeModelFile } from '../src/onnx/index.node.ts'
import { canonicalModel } from '../src/testing/canonical.ts'
import { onnxNodeTests } from '../src/testing/onnx-node-tests.ts'
import { describeOrt, loadOrt, type OrtTensor, randomFeeds, runOrt } from '../src/testing/ort.ts'
import { describeShared, filledModel, lightModelPaths, modelNames, modelPath } from '../src/testing/shared.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-round-trip-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Outputs as bytes: NaNs and signed zeros count too. */
const bits = (outputs: Record<string, OrtTensor>) =>
  Object.fromEntries(
    Object.entries(outputs).map(([name, t]) => {
      const data = t.data as Float32Array
      return [
        name,
        { type: t.type, dims: [...t.dims], bytes: Buffer.from(data.buffer, data.byteOffset, data.byteLength) },
      ]
    }),
  )

/** Runs a file and its copy on the same random input. */
async function expectSameOutputs(original: string, copies: readonly string[]): Promise<void> {
  const session = await loadOrt(original)
  const feeds = randomFeeds(session)
  const wanted = bits(await session.run(feeds))
  await session.release()
  // Identical outputs say something only when they are not all the same number.
  const [first] = Object.values(wanted)
  expect(new Set(first?.bytes).size).toBeGreaterThan(1)
  for (const copy of copies) expect(bits(await runOrt(copy, feeds)), basename(copy)).toEqual(wanted)
}

describeShared('what Kerf writes runs as the original', () => {
  describeOrt('in ONNX Runtime, to the last bit', () => {
    it.each(lightModelPaths.map((path) => basename(path)))('%s', async (name) => {
      const path = lightModelPaths.find((p) => basename(p) === name)!
      const copy = join(folder, name)
      writeModelFile(readModelFile(path), copy)
      await expectSameOutputs(path, [copy])
    })

    it.each(modelNames)('%s', async (name) => {
      const path = await filledModel(name)
      const inside = join(folder, `${name}-inside.onnx`)
      const outside = join(folder, `${name}-outside.onnx`)
      try {
        const model = readModelFile(path)
        writeModelFile(model, inside, { externalData: 'never' })
        writeModelFile(model, outside, { externalData: 'always' })
        await expectSameOutputs(path, [inside, outside])
      } finally {
        for (const file of [inside, outside, `${outside}.data`]) rmSync(file, { force: true })
      }
    })
  })
})

describeShared('what Kerf writes says the same as the original', () => {
  it('in every test of the ONNX project', () => {
    const tests = onnxNodeTests()
    expect(tests.length).toBeGreaterThan(1800)
    for (const { name, model } of tests)
      expect(canonicalModel(modelBytes(readModel(model))), name).toEqual(canonicalModel(model))
  })

  it.each(lightModelPaths.map((path) => basename(path)))('%s', (name) => {
    const bytes = readFileSync(lightModelPaths.find((p) => basename(p) === name)!)
    expect(canonicalModel(modelBytes(readModel(bytes)))).toEqual(canonicalModel(bytes))
  })

  it.each(modelNames)('%s, but for where its weights lie', async (name) => {
    const copy = join(folder, `${name}.onnx`)
    writeModelFile(readModelFile(await filledModel(name)), copy, { externalData: 'always' })
    const written = withoutPlaces(canonicalModel(readFileSync(copy)))
    rmSync(copy)
    rmSync(`${copy}.data`)
    expect(written).toEqual(withoutPlaces(canonicalModel(readFileSync(modelPath(name)))))
  })
})

/** Leaves names, shapes and types of external tensors: file names and offsets are the writer's business. */
function withoutPlaces(model: Record<string, unknown>): Record<string, unknown> {
  const graph = model.graph as { initializer: Record<string, unknown>[] }
  for (const tensor of graph.initializer) if (tensor.externalData) tensor.externalData = 'elsewhere'
  return model
}
