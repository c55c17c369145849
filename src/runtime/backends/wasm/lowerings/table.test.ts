import { expect, it } from 'vitest'
import { operatorList, opName } from '../../../../ops/index.ts'
import { allLowerings } from './index.ts'

const lowerings = await allLowerings()

import type { Lowering, Lowerings } from './lowering.ts'

it('has lowerings for operators that there are', () => {
  const names = new Set<string>(operatorList.map((o) => opName({ domain: o.domain, opType: o.name })))
  expect(Object.keys(lowerings).filter((name) => !names.has(name))).toEqual([])
  expect(Object.keys(lowerings).length).toBeGreaterThan(100)
})

// The rest is for tsc: it fails where a line that should not compile does.
it('takes lowerings of an operator and its attributes only', () => {
  const any: Lowering = { layout: 'same', lower: () => [] }
  const ofPerm: Lowering<{ perm: readonly number[] | undefined }> = {
    layout: 'plain',
    lower: ({ call }) => (call.attributes.perm ? [] : []),
  }
  const ofMore: Lowering<{ perm: readonly number[] | undefined; more: number }> = { layout: 'plain', lower: () => [] }
  const fine: Lowerings = { Conv: any, Transpose: ofPerm, 'ai.kerf:AdderConv': any }
  // @ts-expect-error Conv has other attributes
  const other: Lowerings = { Conv: ofPerm }
  // @ts-expect-error it wants more than Transpose has
  const more: Lowerings = { Transpose: ofMore }
  // @ts-expect-error there is no such operator
  const misspelt: Lowerings = { Transpos: ofPerm }
  // @ts-expect-error it is of another domain
  const elsewhere: Lowerings = { AdderConv: any }
  expect([fine, other, more, misspelt, elsewhere]).toHaveLength(5)
})
