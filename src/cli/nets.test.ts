import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { profileModel } from '../cost/index.ts'
import { readModelFile } from '../onnx/index.node.ts'
import { kerf } from './in-process.ts'

let folder: string
const at = (name: string) => join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-nets-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const fails = async (message: RegExp, ...argv: string[]) =>
  expect(await kerf(...argv)).toMatchObject({ status: 2, err: expect.stringMatching(message) })

describe('kerf nets', () => {
  it('lists networks with their published cost, and blocks', async () => {
    const { out } = await kerf('nets')
    expect(out).toMatch(/^net:fasternet_t0 +1×3×224×224 +335,422,720 +3,905,500 /m)
    expect(out).toMatch(/^net:vgg16 +1×3×224×224 +15,470,264,320 +138,357,544 /m)
    expect(out).toMatch(/^inverted-bottleneck +1×1 to t times/m)
    const { nets } = JSON.parse((await kerf('nets', '--json')).out)
    expect(nets).toContainEqual(expect.objectContaining({ name: 'ghostnet', macs: 141_150_512, params: 5_182_508 }))
  })
})

describe('net:NAME', () => {
  it('stands where a model is asked for', async () => {
    expect((await kerf('profile', 'net:mobilenet_v1')).out).toMatch(/^MACs +568,740,352 /m)
    expect((await kerf('compare', 'net:resnet20', 'net:resnet20-adder')).out).toContain('Conv → AdderConv')
    const pruned = await kerf('prune', 'net:resnet20', '--ratio', '0.5', '--dry-run')
    expect(pruned).toMatchObject({ status: 0, out: expect.stringMatching(/^net:resnet20\n/) })
    expect((await kerf('swap', 'net:resnet20', '--to', 'adder', '--dry-run')).status).toBe(0)
    expect((await kerf('run', 'net:lenet5_bn', '--input', '1,1,28,28')).out).toContain('logits')
  })

  it('is measured with the data that are given, not with those of a run that lies in the current folder', async () => {
    const before = process.cwd()
    process.chdir(folder)
    try {
      writeFileSync(at('recipe.json'), '{}')
      await fails(/Say what to measure with/, 'eval', 'net:lenet5_bn')
    } finally {
      process.chdir(before)
      rmSync(at('recipe.json'))
    }
  })

  it('says which there are', async () => {
    expect(await kerf('profile', 'net:resnet21')).toMatchObject({
      status: 1,
      err: expect.stringMatching(/There is no network "resnet21"\. Did you mean "resnet20"\? There are lenet5_bn, /),
    })
  })

  it('is no teacher to go into a recipe', async () => {
    const data = ['--data', 'mnist:nowhere', '--write-recipe', at('r.json')]
    await fails(/A teacher is a trained network/, 'swap', 'net:resnet20', '--to', 'adder', '-o', at('a.onnx'), ...data)
  })

  it('is measured in other runtimes as files are', async () => {
    const args = ['bench', 'net:lenet5_bn', '--against', 'ort-node', '--seconds', '0.02', '--json']
    const { status, out, err } = await kerf(...args)
    expect(status, err).toBe(0)
    const { contenders, notices } = JSON.parse(out)
    if (notices.length > 0) expect(notices[0]).toContain('ort-node is not installed')
    else {
      expect(contenders.map((c: { name: string }) => c.name)).toEqual(['kerf', 'ort-node'])
      expect(contenders[1].maxRelDiff).toBeLessThan(1e-4)
    }
  })

  it('teaches in the size and classes of the data, though it knows nothing', async () => {
    const data = ['--data', 'generated', '--set', 'data.size=8', '--set', 'data.classes=3', '-e', '1', '-b', '4']
    const few = ['--set', 'data.trainImages=8', '--set', 'data.testImages=4', '--validation', '0', '--json']
    const args = ['train', '--net', 'resnet20', '--teacher', 'net:resnet20-adder', ...data, ...few, '-o', at('taught')]
    const { status, err } = await kerf(...args)
    expect(status, err).toBe(0)
    expect(err).toContain('the teacher net:resnet20-adder has fresh weights: it has learnt nothing')
    const { distillation } = JSON.parse(readFileSync(at('taught/recipe.json'), 'utf8'))
    expect(distillation.teacher).toBe('net:resnet20-adder')
    // The folder of a run stands for its network.
    const second = ['train', '--net', 'resnet20', '--teacher', at('taught'), ...data, ...few, '-o', at('second')]
    const taught = await kerf(...second)
    expect(taught.status, taught.err).toBe(0)
    expect(taught.err).not.toContain('teacher')
  })
})

describe('design:NAME', () => {
  it('stands where a model is asked for, as the formulas count it', async () => {
    const { out } = await kerf('compare', 'design:regular', 'design:separable,c=96,k=3', '--json')
    const { totals } = JSON.parse(out)
    expect(totals.macs).toMatchObject({ a: 260_112_384, b: 31_610_880 })
    expect(totals.accesses).toMatchObject({ a: 685_056, b: 1_214_304 })
    const sizes = 'in=4,out=6,h=5,w=7,stride=1,r=1/2'
    const { totals: few } = JSON.parse((await kerf('profile', `design:tucker,${sizes}`, '--json')).out)
    expect(few.macs).toBe(35 * (4 * 2 + 9 * 2 * 3 + 3 * 6))
    expect((await kerf('run', 'design:t-shaped,c=8,h=6', '--input', '1,8,6,6')).out).toContain('output')
  })

  it('is no teacher to go into a recipe either', async () => {
    const data = ['--data', 'mnist:nowhere', '--write-recipe', at('r.json')]
    await fails(
      /A teacher is a trained network/,
      'swap',
      'design:regular',
      '--to',
      'adder',
      '-o',
      at('a.onnx'),
      ...data,
    )
  })

  it('says what is wrong with it', async () => {
    const says = async (design: string, err: RegExp) =>
      expect(await kerf('profile', design)).toMatchObject({ status: 1, err: expect.stringMatching(err) })
    await says('design:separabel', /there is no design "separabel"\. Did you mean "separable"\?/)
    await says('design:separable,q=4', /"q" is no size\. Write it as in design:separable,c=96,k=3/)
    await says('design:separable,c', /c: Give a whole number/)
    await says('design:separable,c=4,c=5', /c is given twice/)
    await says('design:separable,c=4,out=5', /c is for both ends/)
    await says('design:partial,c=6', /0\.25 of 6 channels is not a whole number/)
  })
})

describe('kerf new', () => {
  it('writes a block, and prints what it costs', async () => {
    const { status, out } = await kerf('new', 'inverted-bottleneck', '--c', '96', '--t', '6', '-o', at('b.onnx'))
    expect([status, out]).toEqual([0, expect.stringMatching(/^MACs +363,073,536 /m)])
    expect(out).toContain(`Wrote ${at('b.onnx')}.`)
    expect(profileModel(readModelFile(at('b.onnx'))).totals.macs).toBe(363_073_536)
  })

  it('writes a linear layer in one line', async () => {
    const { out } = await kerf('new', 'linear', '--in', '1024', '--out', '512', '-o', at('l.onnx'))
    expect(out).toMatch(/^Parameters +524,800 /m)
    expect(existsSync(at('l.onnx'))).toBe(true)
  })

  it('writes a whole network, and nothing without -o', async () => {
    const { out } = await kerf('new', 'fasternet_t0', '--classes', '10')
    // 1280·990 weights and 990 biases less than with 1000 classes.
    expect(out).toMatch(/^Parameters +2,637,310 /m)
    expect(out).toContain('Nothing was written (-o FILE writes it).')
  })

  it('says what is missing, and what does not go together', async () => {
    await fails(/There is no block or network "regula"\. Did you mean "regular"\?$/m, 'new', 'regula', '--c', '4')
    await fails(/Say how many channels: --c 96/, 'new', 'separable')
    await fails(/Say how many features: --in 1024 --out 512/, 'new', 'linear')
    await fails(/--c is for both ends/, 'new', 'regular', '--c', '4', '--out', '8')
    await fails(/--t: vgg16 is a whole network/, 'new', 'vgg16', '--t', '4')
    await fails(/--classes is for networks/, 'new', 'regular', '--c', '4', '--classes', '3')
    await fails(/no \.pt file/, 'new', 'regular', '--c', '4', '-o', at('b.pt'))
  })
})
