import type { BinaryName } from './kernels.generated.ts'
import type { DeviceMemory } from './memory.ts'
import { Pool, type SpawnWorker } from './pool.ts'

/** Memory and threads: those of one program, or of several that never run at the same time. Gone with the last of them. */
export class Device {
  readonly memory: DeviceMemory
  readonly threads: number
  readonly #spawn: SpawnWorker | undefined
  #pool: Pool | undefined
  #programs = 0

  constructor(memory: DeviceMemory, threads: number, spawn: SpawnWorker | undefined) {
    this.memory = memory
    this.threads = threads
    this.#spawn = spawn
  }

  /** Ends threads of which one has died. */
  async mend(): Promise<void> {
    if (this.#pool?.isBroken) await this.#end()
  }

  /**
   * The threads, new ones where a worker has died, or where they lack kernels.
   * @param binaries besides the first, whose kernels they are to have
   */
  async pool(binaries: readonly BinaryName[]): Promise<Pool> {
    await this.mend()
    const { memory, native } = this.memory
    const known = this.#pool?.binaries ?? []
    if (this.#pool && binaries.every((name) => known.includes(name))) return this.#pool
    await this.#end()
    const spawn = this.threads > 1 ? this.#spawn : undefined
    this.#pool = await Pool.start(memory, this.threads, spawn, {
      native,
      binaries: [...new Set([...known, ...binaries])],
    })
    return this.#pool
  }

  enter(): void {
    this.#programs++
  }

  async leave(): Promise<void> {
    if (--this.#programs === 0) await this.#end()
  }

  async #end(): Promise<void> {
    const pool = this.#pool
    this.#pool = undefined
    await pool?.dispose()
  }
}
