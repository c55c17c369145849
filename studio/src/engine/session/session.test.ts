import { strToU8, zipSync } from 'fflate'
import { type Model, modelBytes } from 'kerf'
import { GraphBuilder, tensorOf } from 'kerf/graph'
import { describe, expect, it } from 'vitest'
import type { CutRecord } from '../cut-record.ts'
import type { TrainOutcome } from '../train/types.ts'
import { isArchive } from './is-archive.ts'
import { manifestName, sha256, version } from './manifest.ts'
import { readSession } from './read.ts'
import type { Session } from './types.ts'
import { writeSession } from './write.ts'

function scaled(factor: number): Model {
  const b = new GraphBuilder('scaled')
  const w = b.constant('w', tensorOf('float32', [1, 4], new Float32Array(4).fill(factor)))
  b.output(b.node('Mul', [b.input('x', 'float32', [1, 4]), w], {}, { name: 'scale' }))
  return b.model()
}

const session = (): Session => ({
  ...{ name: 'scaled.onnx', at: 1, counting: { inputs: { x: [1, 4] } }, settings: { view: 'costs' } },
  steps: [
    { title: 'As it was opened', model: scaled(1) },
    { title: 'Twice as large', model: scaled(2), command: 'kerf …' },
  ],
})

/** An archive with a manifest that says the truth of its models, but for what is changed. */
async function archive(change: (manifest: Record<string, unknown>) => unknown, level: 0 | 6 = 0): Promise<Blob> {
  const bytes = modelBytes(scaled(1)).slice()
  const manifest = {
    ...{ kerf: 'session', version, name: 'a.onnx', at: 0, counting: {}, settings: {} },
    steps: [{ title: 'one', file: 'steps/0.onnx', sha256: await sha256(bytes) }],
  }
  const files = { [manifestName]: strToU8(JSON.stringify(change(manifest))), 'steps/0.onnx': bytes }
  return new Blob([zipSync(files, { level }).slice()])
}

describe('a session as a file', () => {
  it('comes back as it was', async () => {
    const { name, blob } = await writeSession(session())
    expect(name).toBe('scaled.kerf')
    expect(await isArchive(blob)).toBe(true)
    const read = await readSession(blob)
    const { steps, ...rest } = session()
    expect(read).toMatchObject(rest)
    expect(read.steps.map(({ title, command }) => [title, command])).toEqual(
      steps.map(({ title, command }) => [title, command]),
    )
    for (const [i, { model }] of read.steps.entries()) expect(modelBytes(model)).toEqual(modelBytes(steps[i]!.model))
  })

  it('holds files of settings, and tells where one is damaged', async () => {
    const file = new File([Uint8Array.of(1, 2, 3)], 'one.png', { type: 'image/png' })
    const { blob } = await writeSession({ ...session(), settings: { run: { kind: 'image', blob: file }, view: 'run' } })
    const { settings } = await readSession(blob)
    expect(settings).toMatchObject({ run: { kind: 'image' }, view: 'run' })
    const read = (settings.run as { readonly blob: File }).blob
    expect([read.name, read.type, ...new Uint8Array(await read.arrayBuffer())]).toEqual([
      'one.png',
      'image/png',
      1,
      2,
      3,
    ])
    const bytes = new Uint8Array(await blob.arrayBuffer())
    const at = bytes.findIndex((byte, i) => byte === 1 && bytes[i + 1] === 2 && bytes[i + 2] === 3)
    bytes[at] = 4
    await expect(readSession(new Blob([bytes]))).rejects.toThrow('the file "one.png" is damaged')
    const missing = archive((m) => ({
      ...m,
      files: [{ setting: 'run', key: 'blob', file: 'files/0', name: 'a', type: '', sha256: '0'.repeat(64) }],
    }))
    await expect(readSession(await missing)).rejects.toThrow('the file "a" is missing')
  })

  it('holds what a cut needs, and what a training found out, without its pictures', async () => {
    const { steps, ...rest } = session()
    const cut: CutRecord = {
      wish: {
        ...{
          kinds: ['filter'],
          criterion: 'taylor',
          loss: 'labels',
          global: true,
          widths: { conv1: 4 },
          locked: ['conv2'],
        },
        amount: { of: 'milliseconds', part: 0.5 },
      },
      ...{ inputs: { x: [1, 4] }, survivors: { conv1: [0, 2, 5, 7] }, warnings: ['less goes'] },
      ...{ proof: { maxRelDiff: 1e-7, allowed: 1e-5 }, time: { beforeMs: 2, afterMs: 1, predictedMs: 1.1 } },
      // A loss that is no number any more.
      trained: [{ step: 1, steps: 2, epoch: 0.5, loss: Number.NaN, meanLoss: 3 }],
      bearing: [
        {
          ...{ quality: '1 − output error', given: 1, images: 9 },
          curve: { name: 'conv1', channels: 8, points: [{ kept: 4, quality: 0.5, outputError: 0.5 }] },
        },
      ],
    }
    const trained: TrainOutcome = {
      ...{ on: 'validation', images: 2, accuracy: 0.5, loss: 0.7, classes: ['a', 'b'], recipe: '{}' },
      confusion: [
        [1, 0],
        [1, 0],
      ],
      worst: [
        { label: 'b', predicted: 'a', loss: 2, width: 1, height: 1, pixels: new Uint8ClampedArray([1, 2, 3, 255]) },
      ],
      epochs: [
        { epoch: 1, trainLoss: 1, trainAccuracy: 0.5, validationLoss: 2, validationAccuracy: 0.5, isBest: true },
      ],
    }
    const { blob } = await writeSession({ ...rest, steps: [steps[0]!, { ...steps[1]!, cut, trained }] })
    const read = (await readSession(blob)).steps[1]!
    expect(read.cut).toEqual(cut)
    const { pixels: _, ...withoutPixels } = trained.worst[0]!
    expect(read.trained).toEqual({ ...trained, worst: [withoutPixels] })
  })

  it('is told from models by how it begins', async () => {
    expect(await isArchive(new Blob([modelBytes(scaled(1)).slice()]))).toBe(false)
    expect(await isArchive(new Blob(['PK']))).toBe(false)
  })

  it('is refused wherever it is damaged', async () => {
    const bytes = new Uint8Array(await (await writeSession(session())).blob.arrayBuffer())
    let refused = 0
    for (let at = 0; at < bytes.length; at += 7) {
      const changed = bytes.slice()
      changed[at]! ^= 0xff
      try {
        // What holds nothing, such as times in the archive, may be anything.
        expect((await readSession(new Blob([changed]))).steps).toHaveLength(2)
      } catch (error) {
        expect(error, `byte ${at}`).toMatchObject({ name: 'KerfError' })
        refused++
      }
    }
    expect(refused).toBeGreaterThan(bytes.length / 7 / 2)
    for (const length of [4, 100, bytes.length - 1])
      await expect(readSession(new Blob([bytes.slice(0, length)]))).rejects.toThrow('the archive is damaged')
  })

  it.each<[string, RegExp, () => Promise<Blob>]>([
    [
      'another archive',
      /without session\.json/,
      async () => new Blob([zipSync({ 'a.txt': strToU8('a') }, { level: 0 }).slice()]),
    ],
    ['a compressed one', /is compressed/, () => archive((m) => m, 6)],
    ['another version', /version/, () => archive((m) => ({ ...m, version: 2 }))],
    ['no steps', /steps/, () => archive((m) => ({ ...m, steps: [] }))],
    ['a step that is not there', /step 3 is to be open/, () => archive((m) => ({ ...m, at: 3 }))],
    [
      'a model that is not there',
      /"one" is missing/,
      () => archive((m) => ({ ...m, steps: (m.steps as object[]).map((s) => ({ ...s, file: '../x' })) })),
    ],
    [
      'another model',
      /"one" is damaged/,
      () => archive((m) => ({ ...m, steps: (m.steps as object[]).map((s) => ({ ...s, sha256: 'a'.repeat(64) })) })),
    ],
    [
      'a report of another shape',
      /steps\.0\.swap/,
      () => archive((m) => ({ ...m, steps: (m.steps as object[]).map((s) => ({ ...s, swap: { rows: 1 } })) })),
    ],
    [
      'texts nested deeply',
      /levels deep/,
      () => archive((m) => ({ ...m, settings: JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`) })),
    ],
  ])('refuses %s', async (_, message, make) => {
    await expect(readSession(await make())).rejects.toMatchObject({
      code: 'bad-session',
      message: expect.stringMatching(message),
    })
  })
})
