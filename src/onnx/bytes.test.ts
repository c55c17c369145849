import { expect, it } from 'vitest'
import { nets } from '../nets/index.ts'
import { modelBytes, readModel } from './index.ts'

const bytes = modelBytes(nets.lenet5_bn())
const nodes = (model: { graph: { nodes: readonly unknown[] } }) => model.graph.nodes.length
const expected = nodes(readModel(bytes))

it('a model is read from whatever has its bytes', async () => {
  const padded = new Uint8Array(bytes.length + 3)
  padded.set(bytes, 3)
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
  shared.set(bytes)
  const there = [bytes, bytes.slice().buffer, padded.subarray(3), new DataView(padded.buffer, 3), shared.buffer]
  expect(there.map((source) => nodes(readModel(source)))).toEqual(there.map(() => expected))
  const later = [new Response(bytes.slice()), new Blob([bytes.slice()]), new File([bytes.slice()], 'net.onnx')]
  for (const source of later) expect(nodes(await readModel(source))).toBe(expected)
})

it('and what is none says so', async () => {
  await expect(readModel(new Response('no', { status: 404 }))).rejects.toThrow(
    'model.onnx: the server answered 404. Check the address.',
  )
  await expect(readModel(new File(['<!doctype html>'], 'net.onnx'))).rejects.toThrow('net.onnx is not an ONNX model')
  const wrong = (source: unknown) => () => readModel(source as Uint8Array)
  expect(wrong('model.onnx')).toThrow(
    'received string. Give a Uint8Array, ArrayBuffer, Blob or Response; addresses and paths are for openModel.',
  )
  expect(wrong(Promise.resolve(bytes))).toThrow('received a promise: await it first.')
  expect(wrong(undefined)).toThrow('received undefined.')
  expect(wrong(null)).toThrow('received null.')
  // A list of numbers would be read as an empty file.
  expect(wrong([...bytes])).toThrow('received object.')
})
