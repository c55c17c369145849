import { expect, it } from 'vitest'
import { shareMemory } from './shared-memory.ts'

const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
const name = (text: string): number[] => [text.length, ...[...text].map((c) => c.charCodeAt(0))]
const section = (id: number, content: readonly number[]): number[] => [id, content.length, ...content]
/** A type () → (), and what is imported from "env". */
const module = (...imports: readonly (readonly [string, ...number[]])[]): Uint8Array<ArrayBuffer> => {
  const types = section(1, [1, 0x60, 0, 0])
  const content = imports.flatMap(([text, ...kind]) => [...name('env'), ...name(text), ...kind])
  return new Uint8Array([...magic, ...types, ...section(2, [imports.length, ...content])])
}
const memory = ['memory', 2, 1, 1, 0x80, 0x80, 4] as const
const instantiate = (bytes: Uint8Array<ArrayBuffer>, shared: boolean): WebAssembly.Instance => {
  const env = { memory: new WebAssembly.Memory({ initial: 1, maximum: 65536, shared }), f: () => {} }
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env })
}

it.each([
  ['alone', module(memory)],
  ['behind functions', module(['f', 0, 0], ['f', 0, 0], memory)],
  // A custom section of 200 bytes, whose length takes two.
  [
    'behind another section',
    new Uint8Array([...magic, 0, 0xc8, 1, 0, ...new Array(199).fill(7), ...module(memory).slice(8)]),
  ],
])('an imported memory, %s, becomes shared', (_, bytes) => {
  expect(() => instantiate(bytes, true)).toThrow(WebAssembly.LinkError)
  expect(instantiate(bytes, false)).toBeInstanceOf(WebAssembly.Instance)
  shareMemory(bytes)
  expect(instantiate(bytes, true)).toBeInstanceOf(WebAssembly.Instance)
  expect(() => instantiate(bytes, false)).toThrow(WebAssembly.LinkError)
})

it.each([
  ['without a maximum', module(['memory', 2, 0, 1])],
  ['behind something else', module(['table', 1, 0x70, 0, 1], memory)],
  ['nowhere', module(['f', 0, 0])],
  ['nowhere, without imports', new Uint8Array(magic)],
])('a memory %s does not', (_, bytes) => {
  expect(() => shareMemory(bytes)).toThrow(/should import a memory/)
})
