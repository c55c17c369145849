import { namePattern } from 'kerf'
import { expect, it } from 'vitest'
import { patternOf, swapCommand } from './swap-command.ts'

it.each([
  [['conv1']],
  [['a[1]']],
  [['conv1', 'conv2']],
  [['/layer1/conv.0', 'a,b', 'c{d}', 'e*', 'f?', '[g]', '(h|i)', '!j', 'k\\l', 'a b']],
])('names %j as one pattern, which means them and nothing else', (names) => {
  const pattern = namePattern(patternOf(names))
  for (const name of names) expect(pattern.matches(name), name).toBe(true)
  for (const other of ['', 'conv', 'conv3', 'a1', 'a', 'b', 'cd', 'ee', 'fx', 'g', 'h', 'x'])
    expect(pattern.matches(other), other).toBe(false)
})

it('writes a command that a shell takes as it stands', () => {
  const wish = {
    ...{ kind: 'grouped', settings: { groups: '2' }, amount: { of: 'macs', part: 0.4 } as const },
    layers: ["it's", 'b'],
  }
  expect(swapCommand('my model.onnx', wish, { pictures: 12, timed: true })).toBe(
    "kerf swap 'my model.onnx' -o 'my model-swapped.onnx' --to grouped --layers '{it'\\''s,b}' --groups 2 --target-macs 0.4 --data pictures/ --images 12 --time",
  )
})
