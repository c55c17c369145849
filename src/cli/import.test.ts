import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { encodeSafetensors, float32Tensor, readSafetensors, type SafetensorsTensor } from '../formats/index.ts'
import { tensorValues } from '../graph/index.ts'
import { imageMetadata } from '../image/index.ts'
import { nets } from '../nets/index.ts'
import { readModelFile } from '../onnx/index.node.ts'
import { kerf, stoppedKerf } from './in-process.ts'

let folder: string
const at = (name: string) => join(folder, name)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-import-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** The weights of LeNet-5-BN with 3 classes, as a safetensors file; adder layers named as the public AdderNet code names them. */
function writeWeights(name: string, change: (tensors: Map<string, SafetensorsTensor>) => void = () => {}): string {
  const tensors = new Map(
    [...nets.lenet5_bn({ seed: 7, classes: 3 }).graph.initializers].map(
      ([key, tensor]): [string, SafetensorsTensor] => [
        key.replace(/^(conv[234])\.weight$/, '$1.adder'),
        float32Tensor(Float32Array.from(tensorValues(tensor)), tensor.shape),
      ],
    ),
  )
  change(tensors)
  writeFileSync(at(name), encodeSafetensors(tensors))
  return at(name)
}

it('writes a network with the weights, and says what it read', async () => {
  const result = await kerf('import', writeWeights('w.safetensors'), '--net', 'lenet5_bn-adder', '-o', at('m.onnx'))
  expect(result).toMatchObject({ status: 0, err: '' })
  expect(result.out).toMatch(/lenet5_bn-adder[\s\S]*N×1×28×28[\s\S]*61,\d+ numbers in 22 tensors[\s\S]*m\.onnx/)
  const { graph } = readModelFile(at('m.onnx'))
  expect(graph.nodes.filter((n) => n.opType === 'AdderConv')).toHaveLength(3)
  const expected = nets.lenet5_bn({ seed: 7, classes: 3 }).graph.initializers
  for (const name of ['conv2.weight', 'bn3.running_var', 'fc.bias'])
    expect(graph.initializers.get(name)?.data.bytes()).toEqual(expected.get(name)?.data.bytes())
})

it('stops on Ctrl-C, and writes nothing', async () => {
  const path = writeWeights('w.safetensors')
  const result = await stoppedKerf('import', path, '--net', 'lenet5_bn-adder', '-o', at('m.onnx'))
  expect(result).toEqual({ status: 130, out: '', err: 'kerf: The import was stopped.\n' })
  expect(readdirSync(folder)).toEqual(['w.safetensors'])
})

it('says that weights without a mark of adder layers may be of ordinary ones', async () => {
  const path = writeWeights('w.safetensors', (tensors) => {
    for (const [name, tensor] of [...tensors])
      if (tensors.delete(name)) tensors.set(name.replace(/adder$/, 'weight'), tensor)
  })
  const { out } = await kerf('import', path, '--net', 'lenet5_bn-adder', '-o', at('m.onnx'))
  expect(out).toContain('If it is of ordinary ones, import it with --net lenet5_bn.')
  expect((await kerf('import', path, '--net', 'lenet5_bn', '-o', at('n.onnx'))).out).not.toContain(
    'Nothing in the file',
  )
})

it('writes what weights or flags say of images and classes', async () => {
  const path = writeWeights('w.safetensors')
  const tensors = readSafetensors(readFileSync(path)).tensors
  writeFileSync(path, encodeSafetensors(tensors, { format: 'pt', 'kerf.classes': '["a","b","c"]' }))
  await kerf('import', path, '--net', 'lenet5_bn-adder', '-o', at('m.onnx'))
  const { metadata } = readModelFile(at('m.onnx'))
  expect([...metadata]).toEqual([['kerf.classes', '["a","b","c"]']])
  const flags = ['--classes', 'x,y,z', '--mean', '0.13', '--std', '0.31', '--fit', 'fill']
  await kerf('import', path, '--net', 'lenet5_bn-adder', '-o', at('n.onnx'), ...flags)
  expect(imageMetadata(readModelFile(at('n.onnx')))).toMatchObject({
    classes: ['x', 'y', 'z'],
    preprocessing: { resize: [28, 28], fit: 'fill', channels: 1, mean: [0.13], std: [0.31] },
  })
})

it('prints JSON', async () => {
  const { out } = await kerf(
    ...[
      'import',
      writeWeights('w.safetensors'),
      '--net',
      'lenet5_bn-adder',
      '-o',
      at('m.onnx'),
      '--json',
      '--batch',
      '2',
    ],
  )
  expect(JSON.parse(out)).toMatchObject({
    net: 'lenet5_bn-adder',
    options: { inChannels: 1, classes: 3, batch: 2 },
    input: [2, 1, 28, 28],
    tensors: 22,
    written: { path: at('m.onnx') },
  })
})

it('lists everything that does not fit, and writes nothing', async () => {
  const path = writeWeights('w.safetensors', (tensors) => {
    tensors.delete('bn1.bias')
    tensors.delete('conv3.adder')
    tensors.set('fc.bias', float32Tensor(new Float32Array(4)))
    tensors.set('more', float32Tensor(new Float32Array(1)))
  })
  const { status, out, err } = await kerf('import', path, '--net', 'lenet5_bn-adder', '-o', at('m.onnx'))
  expect([status, out]).toEqual([1, ''])
  expect(err).toBe(
    `kerf: 4 weights do not fit lenet5_bn-adder, which has 22. Choose the network that they were saved from, and its sizes.
  The file lacks:
    bn1.bias [6]
    conv3.adder [120,16,5,5]
  The network has no:
    more [1]
  Other shapes:
    fc.bias [4], the network has [3]
`,
  )
  expect(readdirSync(folder)).toEqual(['w.safetensors'])
})

it.each([
  [
    'a network that there is not',
    1,
    'There is no network "lenet"',
    ['w.safetensors', '--net', 'lenet', '-o', 'm.onnx'],
  ],
  ['no network', 2, "required option '-n, --net <name>'", ['w.safetensors', '-o', 'm.onnx']],
  ['a wrong size', 2, 'Give height and width', ['w.safetensors', '--net', 'lenet5_bn', '--size', '0', '-o', 'm.onnx']],
  ['the input as output', 1, 'is the input', ['weights', '--net', 'lenet5_bn', '-o', 'weights']],
  ['another type', 2, 'Let the name end in .onnx', ['w.safetensors', '--net', 'lenet5_bn', '-o', 'w.safetensors']],
  ['no such file', 1, 'does not exist', ['x.safetensors', '--net', 'lenet5_bn', '-o', 'm.onnx']],
  ['a pickle', 1, 'was written by torch.save', ['w.pth', '--net', 'lenet5_bn', '-o', 'm.onnx']],
  ['a zip archive', 1, 'was written by torch.save', ['zip.pth', '--net', 'lenet5_bn', '-o', 'm.onnx']],
  ['something else', 1, 'Not a valid safetensors file', ['text', '--net', 'lenet5_bn', '-o', 'm.onnx']],
] as const)('refuses %s', async (_, status, message, args) => {
  writeWeights('w.safetensors')
  writeWeights('weights')
  writeFileSync(at('w.pth'), Uint8Array.of(0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9))
  writeFileSync(at('zip.pth'), 'PK\u0003\u0004 and more')
  writeFileSync(at('text'), 'once upon a time')
  const paths = args.map((a) => (/^[xwmzt]\w*(\.\w+)?$/.test(a) ? at(a) : a))
  const result = await kerf('import', ...paths)
  expect(result.status).toBe(status)
  expect(result.err).toContain(message)
  expect(existsSync(at('m.onnx'))).toBe(false)
})
