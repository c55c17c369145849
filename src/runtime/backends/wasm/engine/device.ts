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

  /** The threads, new ones where a worker has died. */
  async pool(): Promise<Pool> {
    if (this.#pool?.isBroken) {
      const broken = this.#pool
      this.#pool = undefined
      await broken.dispose()
    }
    const shared = this.threads > 1 && this.#spawn !== undefined
    const { memory, native } = this.memory
    this.#pool ??= await Pool.start(memory, this.threads, shared ? this.#spawn : undefined, native)
    return this.#pool
  }

  enter(): void {
    this.#programs++
  }

  async leave(): Promise<void> {
    if (--this.#programs > 0) return
    const pool = this.#pool
    this.#pool = undefined
    await pool?.dispose()
  }
}
