import { expect, it } from 'vitest'
import { withDefaults } from './options.ts'

it('fills what options leave out, and what they give as undefined', () => {
  const options: { threads?: number; name?: string; seed?: number } = { threads: undefined, seed: 0 }
  expect(withDefaults(options, { threads: 2, name: 'here', seed: 1 })).toEqual({ threads: 2, name: 'here', seed: 0 })
})
