// Files to open in the page: large ones, and ones with something wrong.

import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { writeModelFile } from '../../src/api/files.node.ts'
import { type Content, encodeModel, GraphBuilder, lazyTensor, type Model, tensorOf } from '../../src/api/graph.ts'
import { root } from './harness.ts'

export const lenet = join(root, 'examples', 'digits', 'lenet5.onnx')

/** A folder for the tests of a `describe`, removed after them. @returns gives paths in it */
export function useFolder(): (name: string) => string {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kerf-studio-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return (name) => {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    return path
  }
}

/** Dense layers of 1024 × 1024 float32 weights, 4 MiB each, of zeros. @returns `path` */
export function writeLarge(path: string, layers: number): string {
  const b = new GraphBuilder('large')
  let x = b.input('x', 'float32', [1, 1024])
  for (let i = 0; i < layers; i++) {
    const w = b.constant(
      `w${i}`,
      lazyTensor('float32', [1024, 1024], () => new Float32Array(1024 * 1024)),
    )
    x = b.node('MatMul', [x, w], {}, { name: `dense${i}` })
  }
  b.output(x)
  writeModelFile(b.model(), path, { force: true })
  return path
}

/** So many activations in a row. @returns `path` */
export function writeDeep(path: string, nodes: number): string {
  const b = new GraphBuilder('deep')
  let x = b.input('x', 'float32', [1, 8])
  for (let i = 0; i < nodes; i++) x = b.node('Relu', [x], {}, { name: `relu${i}` })
  b.output(x)
  writeModelFile(b.model(), path, { force: true })
  return path
}

/** A convolution whose weights lie in `location`, seen from the model. @returns `path` */
export function writeExternal(path: string, location = `${basename(path)}.data`): string {
  const model = encodeModel(convolution(), { externalLocation: location })
  write(path, model)
  write(join(dirname(path), location), model.external!)
  return path
}

function write(path: string, content: Content): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, '')
  for (const chunk of content.chunks()) appendFileSync(path, chunk)
}

/** 3×3 from 3 to 64 channels, and an operator that nobody knows behind it. @returns `path` */
export function writeUnknown(path: string): string {
  writeModelFile(convolution('FancyNorm'), path)
  return path
}

function convolution(then?: string): Model {
  const b = new GraphBuilder('small')
  const x = b.input('x', 'float32', [1, 3, 8, 8])
  const w = b.constant('w', tensorOf('float32', [64, 3, 3, 3], new Float32Array(64 * 27)))
  const y = b.node('Conv', [x, w], {}, { name: 'conv' })
  b.output(then === undefined ? y : b.node(then, [y], {}, { name: 'fancy', domain: 'example.org' }))
  return b.model()
}
