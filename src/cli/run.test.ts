import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GraphBuilder } from '../graph/index.ts'
import { writeModelFile } from '../onnx/index.node.ts'
import { type HostTensor, hostTensor } from '../runtime/index.ts'
import { kerf } from './in-process.ts'
import { npyBytes, readNpy } from './npy.ts'

let folder: string
const at = (name: string) => join(folder, name)

/** x [1, 1, 4, 4] → Relu → y. */
function writeModel(): void {
  const b = new GraphBuilder('small')
  b.output(b.node('Relu', [b.input('x', 'float32', ['N', 1, 4, 4])], {}, { name: 'relu' }))
  writeModelFile(b.model(), at('m.onnx'))
}

const save = (name: string, tensor: HostTensor) => writeFileSync(at(name), npyBytes(tensor))
const ramp = Array.from({ length: 16 }, (_, i) => i - 7.5)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-run-'))
  writeModel()
  save('x.npy', hostTensor('float32', [1, 1, 4, 4], ramp))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function refused(status: 1 | 2, message: string, ...argv: string[]): Promise<void> {
  expect(await kerf('run', at('m.onnx'), ...argv)).toEqual({ status, out: '', err: expect.stringContaining(message) })
}

describe('kerf run', () => {
  it('reads a .npy file and writes one', async () => {
    expect(await kerf('run', at('m.onnx'), '--input', at('x.npy'), '-o', at('y.npy'))).toMatchObject({
      status: 0,
      err: '',
    })
    const { shape, data } = readNpy(readFileSync(at('y.npy')), 'y.npy')
    expect([shape, [...data]]).toEqual([[1, 1, 4, 4], ramp.map((v) => Math.max(0, v))])
  })

  it('says what is wrong with an input', async () => {
    save('doubles.npy', hostTensor('float64', [1, 1, 4, 4], ramp))
    const astype = 'doubles.npy holds float64, input "x" takes float32. Save it again with x.astype("float32").'
    await refused(1, astype, '--input', at('doubles.npy'))
    mkdirSync(at('folder.npy'))
    await refused(1, 'folder.npy: it is a folder, not a file.', '--input', at('folder.npy'))
    await refused(1, 'nothing.npy: there is no such file or folder.', '--input', at('nothing.npy'))
    writeFileSync(at('empty.png'), '')
    await refused(1, 'empty.png is empty. Give another image.', '--input', at('empty.png'))
    writeFileSync(at('text.png'), 'text')
    await refused(1, 'text.png cannot be read as an image: Input buffer', '--input', at('text.png'))
  })

  it('refuses random numbers that memory cannot hold before it draws them', async () => {
    const message = 'Input "x" [1,1,100000,100000] takes 38147 MiB; WebAssembly has 4096 MiB for a whole network.'
    await refused(1, message, '--input', '1,1,100000,100000')
  })

  it('refuses threads that no machine has, and counts one for the reference', async () => {
    for (const threads of ['0', '257', '1e9', 'all'])
      await refused(2, 'Give a whole number from 1 to 256.', '--threads', threads)
    const { out } = await kerf('run', at('m.onnx'), '--backend', 'reference', '--threads', '2', '--json')
    expect(JSON.parse(out)).toMatchObject({ backend: 'reference', threads: 1 })
  })
})
