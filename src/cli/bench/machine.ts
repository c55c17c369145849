import { cpus } from 'node:os'

/** Where something was measured. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly node: string
  readonly threads: number
  /** Of Kerf's kernels in machine code; undefined where WebAssembly does everything. */
  readonly instructions?: string
  /** As it calls itself, where it was measured in one. */
  readonly browser?: string
}

export const thisMachine = (threads: number, instructions?: string): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  node: process.version,
  threads,
  instructions,
})

/** `AMD EPYC, 2 cores; Node v20.20.2; 1 thread; AVX-512` */
export const machineText = ({ cpu, cores, node, threads, browser, instructions = 'WebAssembly' }: Machine): string =>
  `${cpu}, ${cores} cores; ${browser ?? `Node ${node}`}; ${threadsText(threads)}; ${instructions}`

export const threadsText = (threads: number): string => `${threads} ${threads === 1 ? 'thread' : 'threads'}`
