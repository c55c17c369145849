// What goes wrong on purpose: the tests see by it that every kind of finding is seen, and made smaller.

import { KerfError } from '../../src/base/index.ts'
import { pick, times } from '../mutate.ts'
import { type Kind, kinds, type Target, WrongResult } from '../outcome.ts'
import { smallerJson } from '../shrink.ts'

/** A kind of finding, or the second kind of hang. */
type Happening = Kind | 'wait'

const happen: Readonly<Record<Happening, () => void | Promise<void>>> = {
  ok: () => {},
  typed: () => {
    throw new KerfError('refused', 'As it should be.')
  },
  untyped: () => void (undefined as unknown as string[]).length,
  wrong: () => {
    throw new WrongResult('2 and 2 are 5')
  },
  hang: () => {
    for (;;);
  },
  memory: () => {
    for (const all: Uint8Array[] = []; ; ) all.push(new Uint8Array(2 ** 24).fill(1))
  },
  crash: () => process.abort(),
  wait: () => new Promise(() => {}),
}

const encode = (list: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(list))
const decode = (bytes: Uint8Array): Happening[] => JSON.parse(new TextDecoder().decode(bytes))

/** A list of what happens, one after the other. */
export const artificial: Target = {
  name: 'artificial',
  extension: 'json',
  weight: 0,
  make: (random) => encode(times(5, () => pick(random, kinds.slice(0, 4)))),
  async run(bytes, at) {
    at('happen')
    for (const what of decode(bytes)) await happen[what]()
  },
  *smaller(bytes) {
    for (const less of smallerJson(decode(bytes))) yield encode(less)
  },
}
