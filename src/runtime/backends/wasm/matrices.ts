import { askMemory, KerfError, type Matrices, type ProductRoom, type Resolvents } from '../../../base/index.ts'
import { control } from './engine/kernels.generated.ts'
import { binariesOf } from './engine/module.ts'
import { Pool, type SpawnWorker } from './engine/pool.ts'
import { programBytes, type Step, step, writeProgram } from './steps/step.ts'

/** Rows that lie side by side in packed operands. */
const width = 4
/** Terms that `resolventF64` sums at a time, and rows that it looks at side by side. */
const [depth, block] = [256, 8]
/** What goes in at a time of many matrices, unless one alone is larger. */
const mostBytes = 2 ** 26

const page = 65536
const align = (bytes: number): number => Math.ceil(bytes / 64) * 64

/** Matrices of float64, on kernels and threads of their own. */
export class WasmMatrices implements Matrices {
  readonly width = width
  readonly #spawn: SpawnWorker | undefined
  #threads: number
  #memory: WebAssembly.Memory | undefined
  #pool: Pool | undefined

  constructor(threads: number, spawn: SpawnWorker | undefined) {
    this.#threads = spawn ? threads : 1
    this.#spawn = spawn
  }

  async room(lefts: number, rights: number, count: number): Promise<ProductRoom> {
    const kernel = programBytes([step('rowProductsF64', { a: 0, b: 0, y: 0, rows: 0, columns: 0, terms: 0, above: 0 })])
    const [program, a, b, y] = this.#places(kernel, 8 * lefts, 8 * rights, 8 * count)
    const { memory, pool } = await this.#ready()
    return {
      left: new Float64Array(memory.buffer, a, lefts),
      right: new Float64Array(memory.buffer, b, rights),
      sums: new Float64Array(memory.buffer, y, count),
      add: (rows, columns, terms, above) =>
        this.#run(pool, program!, step('rowProductsF64', { a: a!, b: b!, y: y!, rows, columns, terms, above })),
    }
  }

  async resolvents(data: Float32Array, rows: number, columns: number, shifts: Float64Array): Promise<Resolvents> {
    const [area, count] = [rows * columns, data.length / (rows * columns)]
    const points = shifts.length
    const n = Math.ceil(Math.min(rows, columns) / width) * width
    const scratchBytes = align(8 * (n * (n + depth + 4 + block + 2 * points) + block))
    const values = new Float64Array(count * points * rows)
    const traces = new Float64Array(count)
    const atATime = Math.max(this.#threads, Math.floor(mostBytes / (4 * area + 8 * points * rows)))
    for (let first = 0; first < count; first += atATime) {
      const some = Math.min(atATime, count - first)
      const threads = Math.min(some, this.#threads)
      const sizes = [4 * area * some, 8 * points * rows * some, 8 * some, 8 * points, scratchBytes * threads]
      const [program, x, h, sums, t, scratch] = this.#places(4096, ...sizes)
      const { memory, pool } = await this.#ready()
      new Float32Array(memory.buffer, x, area * some).set(data.subarray(first * area, (first + some) * area))
      new Float64Array(memory.buffer, t, points).set(shifts)
      const result = new Float64Array(memory.buffer, h, points * rows * some).fill(1)
      const call = { x: x!, h: h!, traces: sums!, shifts: t!, scratch: scratch!, scratchBytes, scratchThreads: threads }
      this.#run(pool, program!, step('resolventF64', { ...call, count: some, rows, columns, points }))
      values.set(result, first * points * rows)
      traces.set(new Float64Array(memory.buffer, sums, some), first)
    }
    return { values, traces }
  }

  async dispose(): Promise<void> {
    const pool = this.#pool
    this.#pool = undefined
    this.#memory = undefined
    await pool?.dispose()
  }

  /** Where things of so many bytes lie, one behind the other. @throws KerfError `out-of-memory` */
  #places(...sizes: readonly number[]): number[] {
    let end = align(control.firstFree)
    const places = sizes.map((bytes) => {
      const at = end
      end += align(bytes)
      return at
    })
    const tooLarge = () =>
      new KerfError('out-of-memory', `Matrices that take ${(end / 2 ** 20).toFixed(0)} MiB do not fit into memory.`, {
        bytes: end,
      })
    const pages = Math.ceil(end / page)
    if (pages > 65536) throw tooLarge()
    const missing = pages - (this.#memory?.buffer.byteLength ?? 0) / page
    if (missing <= 0) return places
    askMemory(end, 'Matrices')
    try {
      if (this.#memory) this.#memory.grow(missing)
      else this.#memory = new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: this.#threads > 1 })
    } catch {
      throw tooLarge()
    }
    return places
  }

  async #ready(): Promise<{ readonly memory: WebAssembly.Memory; readonly pool: Pool }> {
    const memory = this.#memory!
    if (this.#pool?.isBroken) {
      const broken = this.#pool
      this.#pool = undefined
      await broken.dispose()
    }
    const binaries = binariesOf(['rowProductsF64', 'resolventF64'], undefined)
    try {
      this.#pool ??= await Pool.start(memory, this.#threads, this.#threads > 1 ? this.#spawn : undefined, { binaries })
    } catch (error) {
      if (this.#threads === 1 || !(error instanceof KerfError && error.code === 'workers-blocked')) throw error
      // Whoever runs networks beside has told of it.
      this.#threads = 1
      this.#pool = await Pool.start(memory, 1, undefined, { binaries })
    }
    return { memory, pool: this.#pool }
  }

  #run(pool: Pool, program: number, work: Step): void {
    writeProgram(this.#memory!, program, [work])
    pool.run(program, 1)
  }
}
