import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { GraphBuilder, tensorOf } from '../graph/index.ts'
import { writeModelFile } from '../onnx/index.node.ts'
import { kerf } from './in-process.ts'
import { processIo } from './io.ts'

let folder: string
const at = (name: string) => join(folder, name)

/** x [N, 3, H, W] → Conv (outChannels) → Relu → Flatten. */
function writeModel(name: string, outChannels = 4): string {
  const b = new GraphBuilder(name)
  const x = b.input('x', 'float32', ['N', 3, 8, 8])
  const w = b.constant('w', tensorOf('float32', [outChannels, 3, 3, 3], new Float32Array(27 * outChannels).fill(1)))
  const conv = b.node('Conv', [x, w], {}, { name: 'conv' })
  b.output(b.node('Flatten', [b.node('Relu', [conv], {}, { name: 'relu' })], {}, { name: 'flat' }))
  writeModelFile(b.model(), at(name))
  return at(name)
}

/** A failure says one thing, on one line, without a stack trace. */
async function fails(status: 1 | 2, message: RegExp | string, ...argv: string[]): Promise<void> {
  const result = await kerf(...argv)
  expect(result).toMatchObject({ status, out: '', err: expect.stringMatching(message) })
  expect(result.err).toMatch(/^kerf: /)
  // Wrong usage may add what was meant, and where to find help.
  expect(result.err.trimEnd().split('\n').length).toBeLessThanOrEqual(status === 1 ? 1 : 3)
  expect(result.err).not.toMatch(/\n\s+at /)
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-cli-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('kerf', () => {
  it('prints its version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(await kerf('--version')).toEqual({ status: 0, out: `${version}\n`, err: '' })
  })

  it('lists its commands', async () => {
    const { status, out } = await kerf('--help')
    expect(status).toBe(0)
    for (const name of ['profile', 'compare', 'formulas']) expect(out).toMatch(new RegExp(`^ +${name} `, 'm'))
  })

  it.each([['profile'], ['compare'], ['formulas']])('%s --help has examples', async (name) => {
    const direct = await kerf(name, '--help')
    expect(direct).toMatchObject({ status: 0, err: '', out: expect.stringContaining(`Examples:\n  kerf ${name}`) })
    expect(await kerf('help', name)).toEqual(direct)
  })

  it('is wrongly used without a command, or with an unknown one', async () => {
    expect(await kerf()).toMatchObject({ status: 2, err: expect.stringContaining('Usage: kerf') })
    await fails(2, /unknown command 'profil'/, 'profil')
  })

  it('keeps quiet when the reader of its output goes away, and fails when its disk is full', () => {
    const before = (['stdout', 'stderr'] as const).map(
      (name) => [process[name], process[name].listeners('error')] as const,
    )
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined!)
    const write = vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
    processIo()
    process.stdout.emit('error', Object.assign(new Error('broken pipe'), { code: 'EPIPE' }))
    const quiet = [exit.mock.calls.length, write.mock.calls.length]
    process.stdout.emit('error', Object.assign(new Error('no space left'), { code: 'ENOSPC' }))
    const loud = [exit.mock.calls, write.mock.calls[0]?.[0]]
    vi.restoreAllMocks()
    for (const [stream, listeners] of before)
      for (const listener of stream.listeners('error'))
        if (!listeners.includes(listener)) stream.removeListener('error', listener as () => void)
    expect(quiet).toEqual([0, 0])
    expect(loud).toEqual([[[1]], 'kerf: the output cannot be written: no space left\n'])
  })
})

describe('kerf profile', () => {
  it('prints layers and totals', async () => {
    const { status, out, err } = await kerf('profile', writeModel('m.onnx'))
    expect([status, err]).toEqual([0, ''])
    expect(out.split('\n').slice(1)).toEqual([
      'Input                       x 1×3×8×8',
      'MACs                        3,888 (3.89 k)',
      'Parameters                  108',
      'Additions, multiplications  3,888 (3.89 k), 3,888 (3.89 k)',
      'Memory accesses             732, 2.93 kB',
      '',
      'Layer              Op            Window  Input    Output   Params   MACs   Adds   Muls  Reads  Writes',
      '─────────────────────────────────────────────────────────────────────────────────────────────────────',
      'conv               Conv regular  3×3     1×3×8×8  1×4×6×6     108  3,888  3,888  3,888    300     144',
      'relu               Relu                  1×4×6×6  1×4×6×6       0      0      0      0    144     144',
      '─────────────────────────────────────────────────────────────────────────────────────────────────────',
      'Total of 2 layers                                             108  3,888  3,888  3,888    444     288',
      '1 layer that costs nothing (a view) is not shown.',
      '',
    ])
  })

  it('prints the JSON of the design', async () => {
    const model = writeModel('m.onnx')
    const { out } = await kerf('profile', model, '--json', '--input', '2,3,8,8', '--non-zero')
    const profile = JSON.parse(out)
    expect(profile).toMatchObject({
      model,
      inputs: [{ name: 'x', shape: [2, 3, 8, 8] }],
      totals: {
        params: 108,
        nonZeroParams: 108,
        macs: 7776,
        adds: 7776,
        muls: 7776,
        reads: 384 + 108 + 288,
        writes: 576,
        accesses: 1356,
        bytes: 5424,
      },
      unsupported: [],
    })
    expect(profile.layers[0]).toMatchObject({
      name: 'conv',
      op: 'Conv',
      params: 108,
      macs: 7776,
      reads: 492,
      bytesRead: 1968,
      writes: 288,
      bytesWritten: 1152,
    })
    expect(await kerf('profile', model, '--format', 'json', '-i', 'x:2,3,8,8', '--non-zero')).toMatchObject({ out })
  })

  it('fuses, counts strictly, sorts and shows all when asked to', async () => {
    const model = writeModel('m.onnx')
    expect(JSON.parse((await kerf('profile', model, '--json', '--fused')).out).layers[0]).toMatchObject({
      name: 'conv + relu',
      op: 'Conv+Relu',
      writes: 144,
    })
    expect(JSON.parse((await kerf('profile', model, '--json', '--strict-adds')).out).totals.adds).toBe(3888 - 144)
    const sorted = (await kerf('profile', model, '--format', 'csv', '--sort', 'name')).out.split('\r\n')
    expect(sorted.map((line) => line.split(',')[0])).toEqual(['name', 'conv', 'flat', 'relu', ''])
    expect((await kerf('profile', model, '--all')).out).toContain('flat')
  })

  it('writes files in the format of their names, whole, and says so', async () => {
    const model = writeModel('m.onnx')
    const starts = {
      'a.json': '{\n  "model"',
      'a.csv': 'name,op,inputs',
      'a.md': '# ',
      'a.html': '<!doctype html>',
      'a.txt': model,
      plain: model,
    }
    for (const [name, start] of Object.entries(starts)) {
      expect(await kerf('profile', model, '-o', at(name))).toEqual({ status: 0, out: '', err: `Wrote ${at(name)}.\n` })
      expect(readFileSync(at(name), 'utf8').slice(0, start.length)).toBe(start)
    }
    await kerf('profile', model, '-o', at('b.html'), '--format', 'csv')
    expect(readFileSync(at('b.html'), 'utf8')).toMatch(/^name,op/)
    expect(readdirSync(folder).filter((name) => name.includes('writing'))).toEqual([])
  })

  it('replaces a file only when told to, and its input never', async () => {
    const model = writeModel('m.onnx')
    const bytes = readFileSync(model)
    writeFileSync(at('a.csv'), 'mine')
    await fails(1, /a\.csv exists\. .*--force/, 'profile', model, '-o', at('a.csv'))
    expect(readFileSync(at('a.csv'), 'utf8')).toBe('mine')
    expect((await kerf('profile', model, '-o', at('a.csv'), '--force')).status).toBe(0)
    expect(readFileSync(at('a.csv'), 'utf8')).toMatch(/^name,op/)
    symlinkSync(model, at('link.onnx'))
    for (const name of ['m.onnx', 'link.onnx'])
      await fails(1, /is the input/, 'profile', model, '-o', at(name), '--force')
    expect(readFileSync(model)).toEqual(bytes)
    mkdirSync(at('folder'))
    await fails(1, /is a folder/, 'profile', model, '-o', at('folder'), '--force')
    await fails(1, /does not exist/, 'profile', model, '-o', at('nowhere/a.csv'))
  })

  it('names what is wrong with a file', async () => {
    const model = writeModel('m.onnx')
    writeFileSync(at('text.onnx'), 'This is a letter, not a network.')
    writeFileSync(at('empty.onnx'), '')
    writeFileSync(at('cut.onnx'), readFileSync(model).subarray(0, 200))
    await fails(1, /missing\.onnx/, 'profile', at('missing.onnx'))
    await fails(1, /text\.onnx.*ONNX/, 'profile', at('text.onnx'))
    await fails(1, /empty\.onnx/, 'profile', at('empty.onnx'))
    await fails(1, /cut\.onnx/, 'profile', at('cut.onnx'), '-o', at('out.json'))
    await fails(1, /folder/, 'profile', folder)
    expect(existsSync(at('out.json'))).toBe(false)
  })

  it('names what is wrong with an input shape', async () => {
    const model = writeModel('m.onnx')
    await fails(1, /no input "y".*x/, 'profile', model, '--input', 'y:1,3,8,8')
    await fails(1, /4 dimensions/, 'profile', model, '--input', '1,3,8')
    await fails(1, /Conv "conv": 5 input channels ≠ weight 3/, 'profile', model, '--input', '1,5,8,8')
    await fails(1, /does not fit/, 'profile', model, '--input', '1,3,2,2')
    for (const shape of ['', 'abc', '1,3,0,8', '1,-3,8,8', '1,,8', '1.5,3,8,8', ':1,3,8,8', 'x:'])
      await fails(2, /option '-i, --input <shape>' argument .* is invalid/, 'profile', model, '--input', shape)
    await fails(2, /given twice/, 'profile', model, '-i', '1,3,8,8', '-i', '2,3,8,8')
  })

  it('asks for sizes that the file leaves open', async () => {
    const b = new GraphBuilder('open')
    b.output(b.node('Relu', [b.input('image', 'float32', ['N', 3, 'height', 'width'])]))
    writeModelFile(b.model(), at('open.onnx'))
    await fails(1, /"image" .*"height".*--input image:1,3,224,224/, 'profile', at('open.onnx'))
    expect((await kerf('profile', at('open.onnx'), '-i', '1,3,32,32')).status).toBe(0)
  })

  it('lists what it cannot count', async () => {
    const b = new GraphBuilder('odd')
    b.output(b.node('Mystery', [b.input('x', 'float32', [1])], {}, { domain: 'com.example', name: 'odd' }))
    writeModelFile(b.model(), at('odd.onnx'))
    const { status, out } = await kerf('profile', at('odd.onnx'))
    expect(status).toBe(0)
    expect(out).toContain('Not counted, or not in full: 1 node')
    expect(out).toMatch(/odd +com\.example\.Mystery +Kerf does not know this operator/)
    expect(out).toMatch(/odd +com\.example\.Mystery +1 +\? +0 +\? +\? +\? +\? +\?/)
  })

  it('is wrongly used without a model, or with options that it does not have', async () => {
    const model = writeModel('m.onnx')
    await fails(2, /missing required argument 'model'/, 'profile')
    await fails(
      2,
      /argument 'xml' is invalid\. Allowed choices are table, json, csv, md, html/,
      'profile',
      model,
      '--format',
      'xml',
    )
    await fails(2, /argument 'size' is invalid/, 'profile', model, '--sort', 'size')
    await fails(2, /unknown option '--fussed'.*/, 'profile', model, '--fussed')
    await fails(2, /cannot be used with/, 'profile', model, '--json', '--format', 'csv')
    await fails(2, /too many arguments/, 'profile', model, model)
  })
})

describe('kerf compare', () => {
  it('puts two models side by side', async () => {
    const [a, b] = [writeModel('a.onnx', 4), writeModel('b.onnx', 2)]
    const { status, out } = await kerf('compare', a, b)
    expect(status).toBe(0)
    expect(out).toContain('B has 0.5 times the MACs of A')
    expect(out).toMatch(/MACs +3,888 +1,944 +0\.5 +-1,944/)
    expect(out).toMatch(/conv +Conv +108 +54 +0\.5 +3,888 +1,944 +0\.5/)
    const { totals } = JSON.parse((await kerf('compare', a, b, '--json')).out)
    expect(totals.macs).toEqual({ a: 3888, b: 1944, ratio: 0.5 })
    const csv = (await kerf('compare', a, b, '--format', 'csv')).out
    expect(csv.split('\r\n')[1]).toBe('conv,Conv,108,54,0.5,3888,1944,0.5,444,318,0.7162162162162162,,')
    for (const format of ['md', 'html'])
      expect((await kerf('compare', a, b, '--format', format)).out).toContain('1,944')
  })

  it('says when there is no difference', async () => {
    const a = writeModel('a.onnx')
    expect((await kerf('compare', a, a)).out).toContain('Every layer costs the same in both.')
  })

  it('names the file that is missing', async () => {
    await fails(1, /gone\.onnx/, 'compare', writeModel('a.onnx'), at('gone.onnx'))
    await fails(2, /^kerf: At least two models are compared: kerf compare .*a\.onnx OTHER\. /, 'compare', at('a.onnx'))
  })
})

describe('kerf formulas', () => {
  it('prints formulas and, for given sizes, numbers', async () => {
    const { status, out } = await kerf('formulas', '--h', '56', '--w', '56', '--c', '96', '--k', '3')
    expect(status).toBe(0)
    expect(out).toMatch(/inverted bottleneck +2tC² \+ k²tC +2HWC \+ 4HWtC \+ 2tC² \+ k²tC/)
    expect(out).toMatch(/inverted bottleneck +363,073,536 +363,073,536 +363,073,536 +115,776 +7,943,232/)
    expect(out).toMatch(/adder +520,224,768 +0 +0 +82,944 +685,056/)
  })

  it('prints JSON, Markdown and LaTeX', async () => {
    const { formulas, values } = JSON.parse(
      (await kerf('formulas', '--json', '--h', '7', '--c', '8', '--r', '1/8')).out,
    )
    expect(values).toEqual({ H: 7, W: 7, C: 8, k: 3, g: 4, n: 2, t: 6, r: '1/8' })
    expect(formulas.find((f: { key: string }) => f.key === 'partial').macs).toEqual({
      formula: 'H·W·k²·r²·C²',
      latex: 'H W k^{2} r^{2} C^{2}',
      value: 441,
      ratio: 'r²',
      ratioValue: 1 / 64,
    })
    expect((await kerf('formulas', '--format', 'md')).out).toContain('| pointwise | C² | 2HWC + C² |')
    await kerf('formulas', '-o', at('table.tex'))
    expect(readFileSync(at('table.tex'), 'utf8')).toContain('pointwise & $C^{2}$ & $2 H W C + C^{2}$ \\\\')
  })

  it('goes from C_in to C_out', async () => {
    const { out } = await kerf('formulas', '--c-in', '12', '--c-out', '8', '--h', '4')
    expect(out).toContain('HW·C_in + HW·C_out + k²·C_in·C_out')
    expect(out).toMatch(/regular +13,824 +13,824 +13,824 +864 +1,184/)
  })

  it('draws curves over one size, and prints some of their points', async () => {
    const { out } = await kerf('formulas', '--plot', 'C=8..512', '--only', 'separable,grouped')
    expect(out).toMatch(/^Convolution +8 +16 +32 +64 +128 +256 +512$/m)
    // 1/C + 1/k²
    expect(out).toMatch(/^separable, unfused +0\.236 .* 0\.113$/m)
    expect(out).not.toContain('Tucker')
    const json = JSON.parse((await kerf('formulas', '--plot', 'r=1/8..1', '--only', 'partial', '--json')).out)
    expect(json.points).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((n) => n / 8))
    expect(json.formulas.map((f: { key: string }) => f.key)).toEqual(['regular', 'partial'])
    expect(json.formulas[1].ratios.map((r: { macs: number }) => r.macs)).toEqual(json.points.map((r: number) => r ** 2))
    const [tall] = JSON.parse((await kerf('formulas', '--plot', 'h=7,14', '--json')).out).formulas
    expect(tall.costs.map((c: { macs: number }) => c.macs)).toEqual([49, 196].map((hw) => hw * 9 * 96 * 96))
    // Half a channel is none: a gap.
    const gaps = JSON.parse((await kerf('formulas', '--plot', 'C=2..4', '--only', 'partial', '--json')).out)
    expect(gaps.formulas[1].costs.map((c: object | null) => c !== null)).toEqual([false, false, true])
    expect((await kerf('formulas', '--plot', 'k=1..7', '-o', at('k.svg'))).status).toBe(0)
    const svg = readFileSync(at('k.svg'), 'utf8')
    expect(svg).toContain('Memory accesses, ÷ regular')
    // More lines than colours.
    expect(svg).toContain('stroke-dasharray')
  })

  it('refuses ranges and names that are none', async () => {
    for (const range of ['q=1..2', 'C', 'C=0..2', 'C=9..3', 'r=1..2', 'k=1.5', 't=1,1'])
      await fails(2, /argument '.*' is invalid/, 'formulas', '--plot', range)
    await fails(2, /Did you mean "partial"/, 'formulas', '--only', 'partal')
    await fails(2, /There is no C with C_in/, 'formulas', '--general', '--plot', 'C=1..2')
  })

  it('refuses sizes that are none', async () => {
    for (const value of ['0', '-1', '1.5', 'x', ''])
      await fails(2, /whole number of at least 1/, 'formulas', '--k', value)
    for (const value of ['0', '2', '5/4', '1/0', 'x', '', '.'])
      await fails(2, /between 0 and 1/, 'formulas', '--r', value)
    expect(await kerf('formulas', '--c-in', '4')).toMatchObject({ status: 2, err: expect.stringContaining('--c-out') })
  })
})
