interface NodeProcess {
  constrainedMemory?(): number
  getBuiltinModule?(name: string): { totalmem(): number; availableParallelism(): number } | undefined
}

interface Realm {
  readonly process?: NodeProcess
  readonly navigator?: { readonly hardwareConcurrency?: number }
}

const { process, navigator } = globalThis as Realm
const os = () => process?.getBuiltinModule?.('os')

/** Bytes of memory that the machine has, or its container where that has less; undefined in browsers, which do not say, and in Node before 20.16. */
export function machineMemory(): number | undefined {
  const total = os()?.totalmem()
  // 0, or more than there is: no container.
  return total && Math.min(total, process?.constrainedMemory?.() || total)
}

/** How many threads run at a time; undefined where nobody says. */
export const machineThreads = (): number | undefined => os()?.availableParallelism() ?? navigator?.hardwareConcurrency
