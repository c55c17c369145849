// Every backend by one suite: Kerf's two, the fast one on threads too, and one that knows nothing but the interface.

import { describe } from 'vitest'
import { backendSuite } from '../testing/backend-suite.ts'
import { doubles } from '../testing/doubles.ts'
import { chooseBackend } from './index.ts'
import { spawnNodeWorker } from './spawn.node.ts'

describe('wasm', () => backendSuite(chooseBackend({ backend: 'wasm' }), { tolerance: 1e-5 }))

describe('wasm, two threads', () =>
  backendSuite(chooseBackend({ backend: 'wasm', threads: 2, spawn: spawnNodeWorker }), { tolerance: 1e-5 }))

describe('reference', () =>
  backendSuite(chooseBackend({ backend: 'reference' }), {
    tolerance: 0,
    skips: { 'every task of a plan is timed': 'it takes a graph from a plan, and none of its tasks' },
  }))

describe('a backend of one’s own', () => backendSuite(doubles, { tolerance: 1e-5 }))
