import { expect, it } from 'vitest'
import { choose } from './choose.ts'

const picked = (...paths: string[]) => paths.map((path) => ({ path, file: new File([''], path.split('/').at(-1)!) }))
const paths = (choice: ReturnType<typeof choose>) =>
  choice.is === 'model' ? choice.source.files.map(({ path }) => path) : choice

it('takes the one ONNX file, and keeps the others for its external data', () => {
  expect(paths(choose(picked('w.bin', 'net.ONNX', 'readme.txt')))).toEqual(['net.ONNX', 'w.bin', 'readme.txt'])
})

it('takes a single file whatever it is called', () => {
  expect(paths(choose(picked('net.pb')))).toEqual(['net.pb'])
})

it('asks which of several', () => {
  const files = picked('a/net.onnx', 'b/net.onnx', 'b/w.bin')
  expect(choose(files)).toEqual({ is: 'several', models: files.slice(0, 2), files })
})

it('says what it cannot use', () => {
  expect(choose([])).toMatchObject({ is: 'none', why: expect.stringContaining('no file') })
  expect(choose(picked('a.txt', 'b.txt', 'c.txt', 'd.txt'))).toMatchObject({
    ...{ is: 'none', why: expect.stringContaining('None of these 4 files is called .onnx: a.txt, b.txt, c.txt …') },
  })
})

it('adds what the open model lacks', () => {
  const [model, other] = picked('net.onnx', 'a.bin')
  const open = { source: { from: 'files', files: [model!, other!] }, missing: ['weights/w.bin'] } as const
  expect(paths(choose(picked('w.bin'), open))).toEqual(['net.onnx', 'w.bin', 'a.bin'])
  expect(paths(choose(picked('w.bin', 'notes.txt'), open))).toEqual(['net.onnx', 'w.bin', 'a.bin'])
  // What it does not lack is a file by itself.
  expect(paths(choose(picked('v.bin'), open))).toEqual(['v.bin'])
  expect(paths(choose(picked('other.onnx', 'w.bin'), open))).toEqual(['other.onnx', 'w.bin'])
})
