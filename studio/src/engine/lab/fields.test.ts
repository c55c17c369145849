import { experiments } from 'kerf/lab'
import { expect, it } from 'vitest'
import { fieldsOf, settingsWith } from './fields.ts'

it.each(experiments.map((experiment) => [experiment.name, experiment] as const))(
  'turns settings of %s into fields and back',
  (_, { settings: { quick, full } }) => {
    const fields = fieldsOf(quick, full)
    const texts = (of: 'quick' | 'full') => Object.fromEntries(fields.map((field) => [field.name, field[of]]))
    expect(settingsWith(quick, texts('quick'))).toEqual(quick)
    expect(settingsWith(full, texts('full'))).toEqual(full)
  },
)

it.each([
  ['epochs', 'two', 'something like 3'],
  ['epochs', '', 'something like 3'],
  ['epochs', '-1', 'something like 3'],
  ['sizes', '[]', 'something like [1,2]'],
  ['sizes', '[1,"x"]', 'something like [1,2]'],
  ['layer', '{"h":1}', '{"h":1,"w":2}'],
  ['every', '1', 'something like false'],
])('refuses %s of %j', (name, text, message) => {
  const settings = { epochs: 3, sizes: [1, 2], layer: { h: 1, w: 2 }, every: false, criterion: 'l2' }
  expect(() => settingsWith(settings, { [name]: text })).toThrow(message)
  expect(settingsWith(settings, { sizes: '[7]', criterion: 'l1' })).toEqual({
    ...settings,
    sizes: [7],
    criterion: 'l1',
  })
})
