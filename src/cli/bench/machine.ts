import { cpus } from 'node:os'

/** Where something was measured. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly node: string
  readonly threads: number
  /** As it calls itself, where it was measured in one. */
  readonly browser?: string
}

export const thisMachine = (threads: number): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  node: process.version,
  threads,
})

/** `AMD EPYC, 2 cores; Node v20.20.2; 1 thread` */
export const machineText = ({ cpu, cores, node, threads, browser }: Machine): string =>
  `${cpu}, ${cores} cores; ${browser ?? `Node ${node}`}; ${threadsText(threads)}`

export const threadsText = (threads: number): string => `${threads} ${threads === 1 ? 'thread' : 'threads'}`
