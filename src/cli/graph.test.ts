import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kerf } from './in-process.ts'

let folder: string
const at = (name: string) => join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-graph-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('kerf graph', () => {
  it('draws a network as SVG and as PNG', async () => {
    expect(await kerf('graph', 'net:resnet18', '-o', at('a.svg'), '--depth', '1')).toMatchObject({
      ...{ status: 0, out: '', err: `Wrote ${at('a.svg')}.\n` },
    })
    expect(readFileSync(at('a.svg'), 'utf8')).toMatch(/^<svg .*>layer1<\/text>.*<\/svg>\n$/s)
    expect((await kerf('graph', 'examples/digits/lenet5.onnx', '-o', at('a.png'))).status).toBe(0)
    expect([...readFileSync(at('a.png')).subarray(1, 4)]).toEqual([...Buffer.from('PNG')])
  })

  it.each([
    [['graph', 'net:resnet18', '-o', 'a.jpg'], /^kerf: a\.jpg: what is written here is no \.jpg file/],
    [['graph', 'net:resnet18'], /required option '-o, --output <file>'/],
    [['graph', 'net:resnet18', '-o', 'a.svg', '--colour', 'beauty'], /Allowed choices are macs, params, accesses/],
    [['graph', 'net:resnet18', '-o', 'a.svg', '--depth', '1', '--most', '9'], /give one of the two/],
    [['graph', 'net:resnet18', '-o', 'a.svg', '--depth', '-1'], /Give a whole number/],
    [['graph', 'net:resnet18', '-o', 'a.svg', '--most', '0'], /Give a whole number of at least 1/],
  ])('refuses %j', async (argv, message) => {
    const { status, err } = await kerf(...argv)
    expect([status, err]).toEqual([2, expect.stringMatching(message)])
    expect(existsSync('a.svg')).toBe(false)
  })

  it('replaces nothing by itself, and never the model', async () => {
    writeFileSync(at('there.svg'), 'mine')
    expect(await kerf('graph', 'net:lenet5_bn', '-o', at('there.svg'))).toMatchObject({
      ...{ status: 1, err: expect.stringContaining('--force') },
    })
    expect(readFileSync(at('there.svg'), 'utf8')).toBe('mine')
    expect((await kerf('graph', 'net:lenet5_bn', '-o', at('there.svg'), '--force')).status).toBe(0)
  })
})
