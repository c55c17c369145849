import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { elementCount, seededRandom } from '../base/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../graph/index.ts'
import { readModelFile, writeModelFile } from '../onnx/index.node.ts'
import { tinyNet } from '../testing/tiny-images.ts'
import { kerf } from './in-process.ts'

let folder: string
const at = (name: string) => join(folder, name)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-train-'))
  // Three classes, 8×8.
  writeModelFile(tinyNet(), at('tiny.onnx'))
  copyFileSync(at('tiny.onnx'), at('tiny'))
  writeFileSync(at('binary'), Uint8Array.of(0, 1, 2))
  writeFileSync(at('escape'), '\u001b[2J')
  writeFileSync(at('deep'), `{"output":${'['.repeat(1000)}${']'.repeat(1000)}}`)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Options of a training that takes half a second. */
const small = (output: string, ...more: string[]) => [
  'train',
  ...['--model', at('tiny.onnx'), '--data', 'generated', '--epochs', '2', '-b', '16', '-t', '1', '-o', at(output)],
  ...[
    '--set',
    'data.classes=3',
    '--set',
    'data.size=8',
    '--set',
    'data.trainImages=120',
    '--set',
    'data.testImages=30',
  ],
  ...['--validation', '0.2'],
  ...more,
]

/** [N, 3, size, size] → Conv → mean over space, or all of it → Gemm to 5 classes. */
function colours(size: number, head: 'mean' | 'whole' = 'mean'): Model {
  const random = seededRandom(3)
  const b = new GraphBuilder('colours')
  const drawn = (name: string, shape: readonly number[]) =>
    b.constant(name, tensorOf('float32', shape, Float32Array.from({ length: elementCount(shape)! }, random.normal)))
  const image = b.input('image', 'float32', ['N', 3, size, size])
  const conv = b.node('Conv', [image, drawn('conv.weight', [4, 3, 3, 3])], { pads: [1, 1, 1, 1] }, { name: 'conv' })
  const pooled = head === 'mean' ? b.node('GlobalAveragePool', [conv]) : conv
  const width = head === 'mean' ? 4 : 4 * size * size
  b.output(b.node('Gemm', [b.node('Flatten', [pooled]), drawn('fc.weight', [width, 5])], {}, { name: 'fc' }))
  return b.model()
}

describe('kerf train', () => {
  it('trains by options, says what it does, and leaves a folder with everything', async () => {
    const { status, out, err } = await kerf(...small('first'))
    expect({ status, err }).toMatchObject({ status: 0 })
    expect(err).toMatch(/^schedule\.kind +cosine +\(default\)$/m)
    expect(err).toMatch(/^epochs +2$/m)
    expect(err).toContain('96 images to train on, 24 to validate, 30 to test, 1×8×8, 3 classes\n')
    expect(err).toMatch(
      /^epoch 1\/2 {2}loss [\d.]+ {2}accuracy [\d.]+ % {2}validation loss [\d.]+ {2}validation [\d.]+ % \(best\)/m,
    )
    expect(err).toMatch(/^epoch 2\/2 /m)
    const measured = 'validation [\\d.]+ %, test [\\d.]+ % \\(loss [\\d.]+\\)'
    expect(out).toMatch(new RegExp(`^Last +epoch 2: ${measured}, .*last\\.onnx$`, 'm'))
    expect(out).toMatch(new RegExp(`^Best +epoch [12]: ${measured}, .*best\\.onnx$`, 'm'))
    expect(out).toMatch(/^Test images +30, looked at once, at the end; best is chosen by the validation images$/m)
    expect(
      readdirSync(at('first'))
        .map((name) => name.replace(/^events\..*/, 'events'))
        .sort(),
    ).toEqual([
      'best.onnx',
      'checkpoints',
      'curves.svg',
      'events',
      'last.onnx',
      'metrics.jsonl',
      'recipe.json',
      'start.onnx',
      'test.json',
    ])
    expect(JSON.parse(readFileSync(at('first/recipe.json'), 'utf8'))).toMatchObject({ threads: 1, learningRate: 0.01 })
  })

  it('prints JSON that agrees with what kerf eval measures of the model it wrote', async () => {
    const trained = await kerf(...small('json', '--json', '--lr', '0.05'))
    const result = JSON.parse(trained.out)
    expect(result).toMatchObject({ stopped: false, step: 12, epochs: 2, parameters: 423, skipped: [] })
    const { status, out } = await kerf('eval', at('json/last.onnx'), '--json', '-t', '1')
    expect(status).toBe(0)
    const measured = JSON.parse(out)
    expect(measured).toMatchObject({
      images: 30,
      data: 'generated, test',
      accuracy: result.test.last.accuracy,
      top5: 1,
    })
    expect(measured.loss).toBeCloseTo(result.test.last.loss, 5)
    expect(measured.classes.map((c: { images: number }) => c.images)).toEqual([10, 10, 10])
    // The images that the run kept back, of every class alike, and no others.
    const parts = ['validation', 'train'].map((part) =>
      kerf('eval', at('json/last.onnx'), '--json', '-t', '1', '--part', part),
    )
    const [validation, train] = (await Promise.all(parts)).map((p) => JSON.parse(p.out))
    expect(validation.accuracy).toBe(result.last['validation/accuracy'])
    expect(validation.classes.map((c: { images: number }) => c.images)).toEqual([8, 8, 8])
    expect(train.images).toBe(96)
  })

  it('offers a new classifier where the data have other classes, and puts it in', async () => {
    const other = ['--set', 'data.classes=5']
    const refused = await kerf(...small('five', ...other))
    expect(refused).toMatchObject({ status: 1, out: '' })
    expect(refused.err).toContain(
      'has 3 classes, the data have 5. Give it a new classifier when training (--classes 5)',
    )
    const { status, out, err } = await kerf(
      ...small('five', ...other, '--classes', 'data', '--freeze-body', '--head-lr', '0.2', '--json'),
    )
    expect(status, err).toBe(0)
    // 6 channels to 5 classes, and their biases.
    expect(JSON.parse(out)).toMatchObject({ parameters: 35 })
    expect(err).toContain('kerf: "fc" has new weights, for 5 classes in place of 3.\n')
    expect(JSON.parse(readFileSync(at('five/recipe.json'), 'utf8'))).toMatchObject({
      model: { classes: 'data' },
      headLearningRate: 0.2,
      freezeBody: true,
    })
    expect(await kerf(...small('bad', '--classes', 'many'))).toMatchObject({ status: 2 })
    const net = ['train', '--net', 'lenet5_bn', '--data', 'generated', '--epochs', '1', '-o', at('bad')]
    expect((await kerf(...net, '--classes', 'data', '--dry-run')).out).toContain('model.classes          data\n')
    // Of the flag that is wrong, not of the one that holds it.
    expect((await kerf(...net, '--classes', '1')).err).toContain('--classes: received 1')
  })

  it('takes all images for a batch where they are fewer than one, unless it is told how many', async () => {
    const few = (output: string, ...more: string[]) => {
      const args = small(output, '--set', 'data.trainImages=12', '--validation', '0', '--json', ...more)
      // Without -b 16.
      return kerf(...args.filter((a, i) => a !== '-b' && args[i - 1] !== '-b'), ...more)
    }
    const { status, out, err } = await few('few')
    expect(status, err).toBe(0)
    expect(err).toContain(
      'kerf: there are 12 images to train on: a batch is all of them (--batch-size gives a smaller one).\n',
    )
    expect(JSON.parse(out).step).toBe(2)
    expect(JSON.parse(readFileSync(at('few/recipe.json'), 'utf8')).batchSize).toBe(12)
    // A run goes on with the batch that it had, whatever the default is.
    const more = ['train', at('few'), '--resume', '--json']
    expect(await kerf(...more)).toMatchObject({ status: 0 })
    expect((await kerf(...more, '--batch-size', '6')).err).toContain('batchSize: 12, now 6')
    const told = await few('told', '--batch-size', '16')
    expect(told).toMatchObject({
      status: 1,
      err: expect.stringContaining('12 images do not fill a batch of 16. Use a smaller batch (--batch-size)'),
    })
    expect(existsSync(at('told'))).toBe(false)
  })

  it('draws generated pictures as the model takes them', async () => {
    writeModelFile(colours(12), at('colours.onnx'))
    const args = ['train', '--model', at('colours.onnx'), '--data', 'generated', '-e', '1', '-b', '4', '--json']
    const counts = ['--set', 'data.trainImages=8', '--set', 'data.testImages=4', '--validation', '0']
    const { status, err } = await kerf(...args, ...counts, '-o', at('drawn'))
    expect(status, err).toBe(0)
    const data = (name: string) => JSON.parse(readFileSync(at(`${name}/recipe.json`), 'utf8')).data
    expect(data('drawn')).toMatchObject({ channels: 3, size: 12, classes: 5 })
    // What is said stays, and a new classifier has classes of its own.
    const said = ['--classes', '4', '--set', 'data.channels=1', '-o', at('said')]
    const second = await kerf(...args, ...counts, ...said)
    expect(second.status, second.err).toBe(0)
    expect(data('said')).toMatchObject({ channels: 1, size: 12, classes: 4 })
  })

  it('trains a file at another size of image where its graph allows that', async () => {
    const counts = ['--set', 'data.trainImages=8', '--set', 'data.testImages=4', '--validation', '0', '-e', '1']
    const args = ['--data', 'generated', '-b', '4', '--json', ...counts]
    writeModelFile(colours(12), at('twelve.onnx'))
    const { status, err } = await kerf(
      ...['train', '--model', at('twelve.onnx'), '--input', '1,3,20,16', ...args, '-o', at('larger')],
    )
    expect(status, err).toBe(0)
    const recipe = JSON.parse(readFileSync(at('larger/recipe.json'), 'utf8'))
    expect(recipe).toMatchObject({ model: { inputSize: [20, 16] }, data: { size: 20 } })
    const shapeOf = (file: string) => readModelFile(at(file)).graph.inputs[0]?.type
    expect(shapeOf('larger/last.onnx')).toMatchObject({ shape: ['N', 3, 20, 16] })
    expect(shapeOf('larger/start.onnx')).toMatchObject({ shape: ['N', 3, 12, 12] })
    expect((await kerf('train', at('larger'), '--resume')).status).toBe(0)
    // It runs by itself at that size.
    expect((await kerf('eval', at('larger'), '--json')).status).toBe(0)
    expect((await kerf('run', at('larger/last.onnx'))).out).toContain('1×3×20×16')

    writeModelFile(colours(12, 'whole'), at('whole.onnx'))
    const refused = ['train', '--model', at('whole.onnx'), '--input', '1,3,20,20', ...args, '-o', at('never')]
    expect(await kerf(...refused)).toMatchObject({
      status: 1,
      err: expect.stringMatching(/takes images of \[3,12,12\], and no others: with 20×20 pixels Gemm "fc": /),
    })
    expect(existsSync(at('never'))).toBe(false)
    expect((await kerf(...refused, '--input', 'image:1,3')).err).toContain('Input "image" has 4 dimensions')
  })

  it('shows a recipe with every default, and trains nothing, with --dry-run', async () => {
    writeFileSync(
      at('lenet.json'),
      JSON.stringify({ model: { net: 'lenet5_bn' }, data: { kind: 'generated' }, output: at('none'), epochs: 3 }),
    )
    const { status, out } = await kerf(
      ...['train', at('lenet.json'), '--net', 'resnet20-adder', '--optimiser', 'adamw', '--dry-run'],
      ...['--flip', '--set', 'transforms[0].probability=0.2'],
    )
    expect(status).toBe(0)
    for (const line of [
      /^model\.net +resnet20$/m,
      /^model\.convolution +adder$/m,
      /^transforms\[0\]\.probability +0\.2$/m,
      /^optimiser\.kind +adamw$/m,
      /^learningRate +0\.001 +\(default\)$/m,
    ])
      expect(out).toMatch(line)
    expect(existsSync(at('none'))).toBe(false)
  })

  it.each([
    ['nothing to train', 2, ['train'], /Say what to train: a recipe, or --net or --model with --data/],
    ['no such network', 2, ['train', '--net', 'resnet2'], /There is no network "resnet2"/],
    ['no such field', 2, () => small('bad', '--set', 'epoch=3'), /--set epoch: no such name\. Did you mean epochs\?/],
    ['no field', 2, () => small('bad', '--set', '=3'), /Give a field and its value, as in epochs=20/],
    ['no number', 2, () => small('bad', '--lr', 'fast'), /Give a number greater than 0, as in 0\.01/],
    [
      'another size',
      1,
      () => small('bad', '--set', 'data.size=9', '--set', 'transforms='),
      /takes images \[1,8,8\].*the data give \[1,9,9\]/,
    ],
    [
      'a size that the model does not take',
      2,
      () => small('bad', '--resize', '9'),
      /--resize: .* takes 8×8 pixels, not 9×9\./,
    ],
    [
      'flags that lack something',
      2,
      ['train', '--net', 'lenet5_bn', '--data', 'generated'],
      /^kerf: There are 2 problems:\n {2}-o: missing; .*\n {2}--epochs: missing;/,
    ],
    [
      'a flag out of range',
      2,
      () => small('bad', '--label-smoothing', '2'),
      /^kerf: --label-smoothing: received 2; .*\.$/m,
    ],
    ['a field out of range', 2, () => small('bad', '--set', 'ema.decay=2'), /^kerf: --set ema\.decay: received 2;/],
    [
      'how to resize nothing',
      2,
      ['train', '--net', 'lenet5_bn', '--data', 'generated', '--fit', 'cover'],
      /--resize 224\./,
    ],
    ['other classes', 1, () => small('bad', '--set', 'data.classes=4'), /has 3 classes, the data have 4/],
    ['no data', 2, () => small('bad', '--data', at('nowhere')), /There is no .*nowhere/],
    ['a model for a recipe', 1, () => ['train', at('tiny.onnx')], /tiny\.onnx is a model, not a recipe\. .*--model/],
    ['a model by another name', 1, () => ['train', at('tiny')], /tiny is a model, not a recipe\./],
    ['a binary file', 1, () => ['train', at('binary')], /binary is no text but a binary file\. Give a recipe/],
    ['lists in lists', 1, () => ['train', at('deep')], /deep is not JSON: it is nested more than 100 levels deep/],
    ['control characters', 1, () => ['train', at('escape')], /escape is not JSON: .*\ufffd\[2J.* Correct it there;/],
    [
      'a file for a folder',
      1,
      () => small('tiny.onnx'),
      /tiny\.onnx is a file, not a folder\. Choose another name, or move it away\./,
    ],
    ['no file', 1, ['train', 'nowhere.json'], /nowhere\.json: there is no such file/],
    ['a run that is there', 1, () => small('first'), /first holds a run already.*--resume.*--force/],
    ['no run to go on with', 1, () => small('bad', '--resume'), /bad holds no run: there is no recipe\.json/],
    ['another recipe', 1, () => small('first', '--resume', '--epochs', '7'), /epochs: 2, now 7/],
  ] as const)('refuses: %s', async (_, status, argv, message) => {
    const result = await kerf(...(typeof argv === 'function' ? argv() : argv))
    expect(result).toMatchObject({ status, out: '', err: expect.stringMatching(message) })
    expect(existsSync(at('bad'))).toBe(false)
  })

  it('says that a finished run has nothing left to do, changes nothing, and starts over with --force', async () => {
    const files = () =>
      readdirSync(at('first'), { recursive: true, withFileTypes: true }).map((f) => {
        const { mtimeMs, size } = statSync(join(f.parentPath, f.name))
        return [f.name, size, mtimeMs]
      })
    const before = files()
    const again = await kerf('train', at('first'), '--resume')
    expect(again).toMatchObject({ status: 0, out: expect.stringContaining('last.onnx') })
    expect(again.err).toContain('The run is complete (2 epochs). Nothing was changed.')
    expect(again.err).toContain(`kerf train ${at('first')} --model ${at('first')}/last.onnx --epochs N -o OTHER`)
    expect(again.err).not.toContain('going on')
    expect(files()).toEqual(before)
    const longer = ['train', at('first'), '--model', `${at('first')}/last.onnx`, '--epochs', '1', '-o', at('longer')]
    expect((await kerf(...longer, '--dry-run')).status).toBe(0)
    expect((await kerf(...small('first', '--force', '--epochs', '1', '--json'))).status).toBe(0)
    expect(JSON.parse(readFileSync(at('first/recipe.json'), 'utf8')).epochs).toBe(1)
  })
})

describe('kerf eval', () => {
  const data = ['--data', 'generated', '--set', 'data.classes=3', '--set', 'data.size=8', '--set', 'data.testImages=30']

  it('measures any classifier, class by class', async () => {
    const { status, out } = await kerf('eval', at('tiny.onnx'), ...data, '--per-class', '--images', '20')
    expect(status).toBe(0)
    expect(out).toMatch(/^Images +20$/m)
    expect(out).toMatch(/^Accuracy +[\d.]+ %$/m)
    expect(out.match(/^sign \d/gm)).toHaveLength(3)
  })

  it.each([
    ['without data', 2, () => ['eval', at('tiny.onnx')], /Say what to measure with: --data/],
    [
      'of other classes',
      1,
      () => ['eval', at('tiny.onnx'), '--data', 'generated', '--set', 'data.classes=10'],
      /3 classes, the data have 10/,
    ],
    [
      'of a validation part that is none',
      1,
      () => ['eval', at('tiny.onnx'), ...data, '--part', 'validation'],
      /The data have no validation images\. Give those that a run kept back with --recipe RUN, or another --part\./,
    ],
  ] as const)('refuses: %s', async (_, status, argv, message) => {
    expect(await kerf(...argv())).toMatchObject({ status, out: '', err: expect.stringMatching(message) })
  })
})
