import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { isRunning, removeLeftovers, temporaryBeside } from './index.node.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-temporary-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const write = (path: string) => {
  writeFileSync(path, 'half')
  return path
}
/** Of a process that has ended. */
const killed = (path: string) => path.replace(`-${process.pid}-`, `-${spawnSync('true').pid}-`)

it('removes what killed processes were writing, and nothing else, when somebody writes there', () => {
  const target = join(folder, 'out.onnx')
  write(killed(temporaryBeside(target)))
  const models = killed(temporaryBeside(join(folder, 'models')))
  mkdirSync(models)
  write(join(models, 'cut.onnx'))
  const own = write(temporaryBeside(target))
  const kept = ['.hidden', '.out.onnx.writing-by-hand.txt', 'out.onnx.writing-12345678'].map((name) =>
    write(join(folder, name)),
  )
  const next = temporaryBeside(target)
  expect(
    readdirSync(folder)
      .map((name) => join(folder, name))
      .sort(),
  ).toEqual([own, ...kept].sort())
  expect(next).not.toBe(own)
  removeLeftovers(folder, true)
  expect(readdirSync(folder)).toHaveLength(kept.length)
})

it('keeps what was there before as long as nothing has come in its place', () => {
  const target = join(folder, 'out.onnx')
  const before = write(killed(temporaryBeside(target, 'before')))
  temporaryBeside(target)
  expect(readdirSync(folder).map((name) => join(folder, name))).toEqual([before])
  write(target)
  temporaryBeside(target)
  expect(readdirSync(folder)).toEqual(['out.onnx'])
})

it('knows files of long names by more than their beginning', () => {
  // 100 characters, of which none may be cut in two: 💥 is two units.
  const [target, other] = ['a', 'b'].map((end) => join(folder, `${'long-name-💥'.repeat(8)}${end}.onnx`)) as [
    string,
    string,
  ]
  const before = write(killed(temporaryBeside(target, 'before')))
  write(killed(temporaryBeside(target)))
  write(other)
  removeLeftovers(folder)
  expect(
    readdirSync(folder)
      .map((name) => join(folder, name))
      .sort(),
  ).toEqual([before, other].sort())
  write(target)
  removeLeftovers(folder)
  expect(
    readdirSync(folder)
      .map((name) => join(folder, name))
      .sort(),
  ).toEqual([target, other].sort())
})

it('leaves alone for a day what processes of other machines write', () => {
  const name = temporaryBeside(join(folder, 'x')).replace(/-[0-9a-f]{6}-/, '-000000-')
  write(name)
  removeLeftovers(folder)
  expect(readdirSync(folder)).toHaveLength(1)
  const longAgo = new Date(Date.now() - 25 * 3600 * 1000)
  utimesSync(name, longAgo, longAgo)
  removeLeftovers(folder)
  expect(readdirSync(folder)).toEqual([])
})

it('knows which processes run', () => {
  expect(isRunning(process.pid)).toBe(true)
  expect(isRunning(process.ppid)).toBe(true)
  expect(isRunning(spawnSync('true').pid)).toBe(false)
})
