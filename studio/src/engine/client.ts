import { wrap } from 'comlink'
import type { Engine } from './engine.ts'

/** The engine of this page: its methods run in the worker, one after another. */
export const engine = wrap<Engine>(new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }))
