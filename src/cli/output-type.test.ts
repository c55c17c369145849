import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GraphBuilder, tensorOf } from '../graph/index.ts'
import { writeModelFile } from '../onnx/index.node.ts'
import { kerf } from './in-process.ts'
import { endingOf } from './output-type.ts'

let folder: string
const at = (name: string) => join(folder, name)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-types-'))
  const b = new GraphBuilder('m')
  const weight = (shape: readonly number[]) =>
    tensorOf('float32', shape, new Float32Array(shape.reduce((p, d) => p * d, 1)).fill(1))
  const x = b.node('Conv', [b.input('x', 'float32', [1, 2, 4, 4]), b.constant('w', weight([4, 2, 1, 1]))])
  b.output(b.node('Conv', [x, b.constant('v', weight([2, 4, 1, 1]))]))
  writeModelFile(b.model(), at('m.onnx'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the ending of a name', () => {
  it.each([
    ['report.HTML', 'html'],
    ['a.b/report', undefined],
    ['model.v2.onnx', 'onnx'],
    ['.hidden', undefined],
    ['/dev/stdout', undefined],
  ])('of %s is %s', (name, ending) => {
    expect(endingOf(name)).toBe(ending)
  })
})

describe('a name with the ending of another type', () => {
  it.each([
    ['p.xlsx', /no \.xlsx file\. Let the name end in \.txt .* \.html/, ['profile', 'm.onnx']],
    ['c.pdf', /no \.pdf file\. Let the name end in \.txt .* \.html/, ['compare', 'm.onnx', 'm.onnx']],
    ['f.csv', /no \.csv file\. Let the name end in \.txt .* \.svg, or say the format with --format/, ['formulas']],
    ['o.pt', /no \.pt file\. Let the name end in \.onnx/, ['prune', 'm.onnx', '--ratio', '0.5']],
    ['s.pb', /no \.pb file\. Let the name end in \.onnx/, ['swap', 'm.onnx', '--to', 'adder', '--layers', '*']],
    ['y.txt', /file that ends in \.npy or \.json/, ['run', 'm.onnx']],
  ])('is refused: %s', async (name, message, [command, ...more]) => {
    const models = more.map((word) => (word === 'm.onnx' ? at(word) : word))
    const { status, err } = await kerf(command!, ...models, '-o', at(name))
    expect([status, err]).toEqual([2, expect.stringMatching(message)])
    expect(existsSync(at(name))).toBe(false)
  })

  it('is taken where the format is said, and where there is no ending', async () => {
    expect((await kerf('profile', at('m.onnx'), '--format', 'csv', '-o', at('data.dat'))).status).toBe(0)
    expect(readFileSync(at('data.dat'), 'utf8')).toMatch(/^name,op,/)
    expect((await kerf('profile', at('m.onnx'), '-o', at('plain'))).status).toBe(0)
    expect(readFileSync(at('plain'), 'utf8')).toContain('MACs')
  })
})

describe('kerf formulas', () => {
  it('draws its numbers: one chart per metric, a bar for each kind that costs something', async () => {
    expect((await kerf('formulas', '-o', at('f.svg'))).status).toBe(0)
    const svg = readFileSync(at('f.svg'), 'utf8')
    expect(svg).toMatch(/^<svg /)
    for (const name of ['Additions', 'Multiplications', 'MACs', 'Parameters', 'Memory accesses'])
      expect(svg).toContain(`>${name} (logarithmic), H = 56, W = 56, C = 96`)
    // Seventeen kinds and five metrics; the adder convolution has neither multiplications nor MACs. One rectangle is the page.
    expect(svg.match(/<rect /g)).toHaveLength(1 + 5 * 17 - 2)
  })

  it('writes a page of tables and bars', async () => {
    expect((await kerf('formulas', '-o', at('f.html'))).status).toBe(0)
    const html = readFileSync(at('f.html'), 'utf8')
    expect(html).toMatch(/^<!doctype html>/)
    expect(html).toContain('<figure><svg ')
    expect(html).toContain('260,112,384')
  })
})
