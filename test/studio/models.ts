// Networks for the page, as files: structures that the library builds, with weights drawn from a seed.

import { createHash } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { GraphBuilder, type Model, modelBytes, tensorOf } from '../../src/api/graph.ts'

const folder = mkdtempSync(join(tmpdir(), 'kerf-studio-'))

/** Writes a model. @returns the file's path */
export async function fileOf(model: Model, name: string): Promise<string> {
  const path = join(folder, name)
  writeFileSync(path, await modelBytes(model))
  return path
}

/**
 * Writes a session: a model, and what it became.
 * @param name of the model's file
 * @param steps the model first; the last one is open
 * @returns the file's path
 */
export async function sessionOf(name: string, steps: readonly (readonly [title: string, Model])[]): Promise<string> {
  const files = await Promise.all(steps.map(async ([, model]) => new Uint8Array(await modelBytes(model))))
  const told = steps.map(([title], i) => ({
    ...{ title, file: `steps/${i}.onnx`, sha256: createHash('sha256').update(files[i]!).digest('hex') },
  }))
  const counting = { inputs: {} }
  const manifest = {
    ...{ kerf: 'session', version: 1, name, at: steps.length - 1, counting, settings: {}, steps: told },
  }
  const entries = files.map((bytes, i) => [`steps/${i}.onnx`, bytes] as const)
  const archive = zipSync(
    { 'session.json': strToU8(JSON.stringify(manifest)), ...Object.fromEntries(entries) },
    { level: 0 },
  )
  const path = join(folder, name.replace('.onnx', '.kerf'))
  writeFileSync(path, archive)
  return path
}

/** A chain of pointwise convolutions and activations, in blocks. */
export function chain(layers: number): Model {
  const graph = new GraphBuilder('chain')
  const w = graph.constant('w', tensorOf('float32', [8, 8, 1, 1], new Float32Array(64).fill(0.1)))
  let x = graph.input('input', 'float32', [1, 8, 16, 16])
  for (let i = 0; i < layers; i++) {
    const path = `stage${Math.floor(i / 1000)}.block${Math.floor(i / 50) % 20}`
    x =
      i % 2 === 0
        ? graph.node('Conv', [x, w], { kernel_shape: [1, 1] }, { name: `${path}.conv${i}` })
        : graph.node('Relu', [x], {}, { name: `${path}.relu${i}` })
  }
  graph.output(x)
  return graph.model()
}

/** Sums of an image of any size, and an operator that nobody knows. */
export function openAndUnknown(): Model {
  const graph = new GraphBuilder('open')
  const x = graph.input('image', 'float32', ['batch', 3, 'height', 'width'])
  const sum = graph.node('Add', [x, x], {}, { name: 'sum' })
  graph.output(graph.node('Riddle', [sum], {}, { name: 'riddle', domain: 'example.org' }))
  return graph.model()
}
