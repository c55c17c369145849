import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openModel } from './open.node.ts'
import { openModel as openInBrowser } from './open.ts'

const path = fileURLToPath(new URL('../../examples/digits/lenet5.onnx', import.meta.url))
const bytes = readFileSync(path)
const server = createServer(({ url }, response) => {
  response.statusCode = url === '/lenet5.onnx' ? 200 : 404
  response.end(url === '/lenet5.onnx' ? bytes : '')
})
let address = ''
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())

const nodes = 16
describe('a model from', () => {
  it.each([
    ['bytes', () => bytes],
    ['an array buffer', () => Uint8Array.from(bytes).buffer],
    ['a Blob', () => new Blob([Uint8Array.from(bytes)])],
    ['an address', () => `${address}/lenet5.onnx`],
    ['a URL', () => new URL('/lenet5.onnx', address)],
  ])('%s, anywhere', async (_, source) => {
    expect((await openInBrowser(source())).graph.nodes).toHaveLength(nodes)
    expect((await openModel(source())).graph.nodes).toHaveLength(nodes)
  })

  it.each([
    ['a path', path],
    ['the URL of a file', pathToFileURL(path)],
    ['that as text', pathToFileURL(path).href],
  ])('%s, in Node', async (_, source) => {
    expect((await openModel(source)).graph.nodes).toHaveLength(nodes)
  })

  it('a model is that model', async () => {
    const model = await openModel(path)
    expect(await openModel(model)).toBe(model)
  })
})

it('says what could not be found', async () => {
  await expect(openModel('none.onnx')).rejects.toThrow(/none\.onnx/)
  await expect(openModel(`${address}/none.onnx`)).rejects.toMatchObject({ code: 'not-found' })
  await expect(openInBrowser('http://127.0.0.1:1/none.onnx')).rejects.toMatchObject({ code: 'not-found' })
})
