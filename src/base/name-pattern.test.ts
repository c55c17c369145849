import { expect, it } from 'vitest'
import { namePattern } from './index.ts'

const names = ['/layer1/conv1/Conv', 'layer1.0.conv1.weight', 'layer4.1.bn', 'conv1', 'conv2', 'conv12', 'a(b', 'x\ny']
const matched = (glob: string) => names.filter((name) => namePattern(glob).matches(name))

it.each<[string, readonly string[]]>([
  ['*', names],
  ['*layer1*', ['/layer1/conv1/Conv', 'layer1.0.conv1.weight']],
  ['conv?', ['conv1', 'conv2']],
  ['conv[0-1]*', ['conv1', 'conv12']],
  ['conv[^1]', ['conv2']],
  ['{conv1,*bn}', ['layer4.1.bn', 'conv1']],
  ['conv{1..2}', ['conv1', 'conv2']],
  ['conv@(1|2)', ['conv1', 'conv2']],
  ['conv1?(2)', ['conv1', 'conv12']],
  ['!*conv*', ['layer4.1.bn', 'a(b', 'x\ny']],
  ['!(conv1|conv2)', names.filter((n) => n !== 'conv1' && n !== 'conv2')],
  // What closes nothing means itself, and so does what a backslash stands before.
  ['a(b', ['a(b']],
  ['a\\(*', ['a(b']],
  ['conv.', []],
  ['', []],
])('%s', (glob, expected) => {
  expect(matched(glob)).toEqual(expected)
  expect(namePattern(glob).text).toBe(glob)
  expect(namePattern(glob).matches(glob)).toBe(true)
})
