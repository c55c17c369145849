// Whether two built checkouts compute the same, bit for bit: node scripts/sameness.mjs BEFORE [AFTER = this one]
// Prints one line for each output: the network, what was run, and whether the bytes agree. Outputs of networks on one thread and two, on the
// reference, of adder networks in 6 and 5 bits, the files that cuts write, and the parameters after ten training steps.
// Networks are those of ../shared/models (filled) and `kerf nets`; --only TEXT takes those whose line contains TEXT.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string', default: '' } },
})
const [before, after = root] = positionals.map((path) => resolve(path))
if (before === undefined) throw new Error('usage: node scripts/sameness.mjs BEFORE [AFTER] [--only TEXT]')

const shared = resolve(root, '..', 'shared')
const work = mkdtempSync(join(tmpdir(), 'kerf-sameness-'))

/** Where the network lies, and the shape of its input. */
function networks() {
  const names = 'alexnet densenet121 efficientnet_b0 mobilenet_v2 mobilenet_v3_large resnet18 resnet50'.split(' ')
  names.push('resnext50_32x4d', 'shufflenet_v2_x1_0', 'squeezenet1_1', 'vgg11_bn')
  if (!existsSync(join(shared, 'models'))) return []
  return names.map((name) => {
    const folder = join(work, name)
    execFileSync(process.execPath, [join(shared, 'models/fill-weights.mjs'), folder, name])
    return { name, path: join(folder, `${name}.onnx`), shape: '1,3,224,224' }
  })
}

const hashOf = (path) => createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16)

/** Runs one command of a checkout, and says what it wrote; a refusal is a result, too. */
function result(checkout, args, output) {
  rmSync(output, { force: true, recursive: true })
  try {
    execFileSync(process.execPath, [join(checkout, 'dist/cli/main.js'), ...args], { cwd: work, stdio: 'pipe' })
  } catch (error) {
    return `refused: ${String(error.stderr).trim().split('\n').at(-1)}`
  }
  return hashOf(existsSync(join(output, 'last.onnx')) ? join(output, 'last.onnx') : output)
}

let different = 0
function compare(line, args, output) {
  if (!line.includes(values.only)) return
  const [a, b] = [before, after].map((checkout) => result(checkout, args, join(work, output)))
  if (a !== b) different++
  console.log(`${a === b ? 'same     ' : 'DIFFERENT'} ${line}  ${a}${a === b ? '' : ` ${b}`}`)
}

// Seeds and threads are said: defaults may change.
const run = (model, shape, threads = 1, ...more) => [
  'run',
  model,
  '--input',
  shape,
  '-o',
  'y.npy',
  '--seed',
  '1',
  '--threads',
  String(threads),
  ...more,
]
for (const { name, path, shape } of networks()) {
  compare(`${name}, 1 thread`, run(path, shape), 'y.npy')
  compare(`${name}, 2 threads`, run(path, shape, 2), 'y.npy')
  compare(`${name}, cut by half`, ['prune', path, '-o', 'cut.onnx', '--ratio', '0.5'], 'cut.onnx')
}
for (const net of ['mobilenet_v1', 'ghostnet', 'fasternet_t0', 'resnet20', 'resnet20-adder', 'vgg_small', 'lenet5_bn'])
  compare(`net:${net}`, ['new', net, '-o', 'net.onnx'], 'net.onnx')
compare('net:resnet20-adder, reference', run('net:resnet20-adder', '1,3,32,32', 1, '--backend', 'reference'), 'y.npy')

const adder = join(work, 'adder.onnx')
const weights = join(shared, 'data/adder/addernet_resnet20_mnist.safetensors')
if (existsSync(weights)) {
  compare('adder network, imported', ['import', weights, '--net', 'resnet20-adder', '-o', adder], 'adder.onnx')
  compare('adder network', run(adder, '2,1,32,32'), 'y.npy')
  for (const bits of ['6', '5']) {
    const data = ['--data', `mnist:${join(shared, 'data/mnist')}`, '--resize', '32', '--images', '64']
    compare(
      `adder network in ${bits} bits`,
      ['quantize', adder, '-o', 'codes.onnx', '--bits', bits, ...data, '--force'],
      'codes.onnx',
    )
    compare(`adder network in ${bits} bits, run`, run('codes.onnx', '2,1,32,32'), 'y.npy')
  }
}
const tenSteps = [
  '--data',
  'generated',
  '--set',
  'data.trainImages=160',
  '--set',
  'data.testImages=32',
  '--validation',
  '0',
  '--batch-size',
  '16',
  '--epochs',
  '1',
  '--seed',
  '3',
  '--threads',
  '1',
  '-o',
  'trained',
]
for (const net of ['lenet5_bn', 'resnet20', 'resnet20-adder', 'mobilenet_v2'])
  compare(`${net}, ten training steps`, ['train', '--net', net, ...tenSteps], 'trained')

rmSync(work, { recursive: true, force: true })
if (different > 0) {
  console.log(`${different} of the results above differ.`)
  process.exitCode = 1
}
