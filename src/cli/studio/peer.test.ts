import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { KerfError } from '../../base/index.ts'
import { kerf } from '../in-process.ts'
import { findPeer } from './peer.ts'

const names = ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm']
let folder: string
let dist: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-peer-'))
  dist = join(folder, 'node_modules', 'onnxruntime-web', 'dist')
  mkdirSync(dist, { recursive: true })
})
afterEach(() => rmSync(folder, { recursive: true }))

const write = (place: string, some = names) => {
  for (const name of some) writeFileSync(join(place, name), `this is ${name}`)
}
const refused = (given: string): KerfError => {
  try {
    findPeer(given)
  } catch (error) {
    if (error instanceof KerfError) return error
    throw error
  }
  throw new Error('It was found.')
}

it('is found in a project, in the package and in its dist', () => {
  write(dist)
  for (const given of [folder, join(dist, '..'), dist]) {
    const { name, script, files } = findPeer(given)
    expect(name).toBe('onnxruntime-web')
    expect([...files.keys()]).toEqual(names.map((file) => `peer/${file}`))
    expect(files.get(script)!.type).toContain('javascript')
    expect(files.get('peer/ort-wasm-simd-threaded.wasm')!.type).toBe('application/wasm')
    const texts = [...files.values()].map(({ content }) => new TextDecoder().decode(content))
    expect(texts).toEqual(names.map((file) => `this is ${file}`))
  }
})

it('is found beside a build that has some of its files', () => {
  write(dist)
  mkdirSync(join(folder, 'dist'))
  write(join(folder, 'dist'), names.slice(2))
  expect(findPeer(folder).files.size).toBe(3)
})

it('is found where the package is a link, as some package managers have it', () => {
  const store = join(folder, 'store')
  mkdirSync(join(store, 'dist'), { recursive: true })
  write(join(store, 'dist'))
  const linked = join(folder, 'linked')
  mkdirSync(join(linked, 'node_modules'), { recursive: true })
  symlinkSync(store, join(linked, 'node_modules', 'onnxruntime-web'))
  expect(findPeer(linked).files.size).toBe(3)
})

it('says where it was looked for', () => {
  for (const given of [folder, join(folder, 'nowhere')]) {
    const { code, message } = refused(given)
    expect(code).toBe('not-found')
    expect(message).toBe(
      `${given} has no onnxruntime-web: ort.wasm.min.mjs was looked for in ${join(given, 'dist')}, ${join(given, 'node_modules', 'onnxruntime-web', 'dist')}, ${given}. Install it there: npm install onnxruntime-web.`,
    )
  }
})

it('says which files it lacks, of which links out of the folder are none', () => {
  write(dist, names.slice(0, 1))
  writeFileSync(join(folder, 'secret'), 'secret')
  symlinkSync(join(folder, 'secret'), join(dist, names[1]!))
  mkdirSync(join(dist, names[2]!))
  const { code, message } = refused(folder)
  expect(code).toBe('not-found')
  expect(message).toBe(
    `onnxruntime-web in ${dist} lacks ort-wasm-simd-threaded.mjs and ort-wasm-simd-threaded.wasm. Install it again, or a newer version: npm install onnxruntime-web.`,
  )
})

it('ends the command before anything is served', async () => {
  const { status, out, err } = await kerf('studio', '--no-open', '--peer', folder)
  expect([status, out]).toEqual([1, ''])
  expect(err).toMatch(/^kerf: .* has no onnxruntime-web: ort\.wasm\.min\.mjs was looked for in .*\n$/)
})
