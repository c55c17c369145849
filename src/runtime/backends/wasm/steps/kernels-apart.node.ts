// Kernels in machine code in a process of their own (native/apart.c): for a processor that this one is not, under qemu, and with AddressSanitizer.

import { spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nativeKernels } from '../../../native.node.ts'
import type { NativeKernels, NativeRun } from '../engine/native.ts'

/** Bytes of a memory, an address and a length. */
export type Range = readonly [from: number, bytes: number]

/** As in native/apart.c. */
const memoryBytes = 2 ** 32
const rangeBytes = 2 ** 20

const programOf = (instructions: string): string =>
  fileURLToPath(new URL(`../../../../../native/build/apart-${instructions}`, import.meta.url))

/** What it takes to run a program for other instructions than this machine's. */
const emulator = (instructions: string): readonly string[] =>
  /^NEON/.test(instructions) ? ['qemu-aarch64-static'] : []

/** Whether there is such a program (`npm run native -- --apart`), and what runs it. */
export const hasApart = (instructions: string): boolean =>
  existsSync(programOf(instructions)) &&
  emulator(instructions).every((name) => spawnSync(name, ['--version']).status === 0)

export class KernelsApart implements NativeKernels {
  readonly instructions: string
  readonly path: string
  readonly kernels: readonly number[]
  readonly #folder = mkdtempSync(join(tmpdir(), 'kerf-apart-'))
  readonly #memory: number
  readonly #requests: number
  readonly #answers: number
  #used = 0
  #ranges: readonly Range[] = []

  /** @param instructions AVX2, AVX-VNNI or AVX-512, with AddressSanitizer, or NEON or NEON-DotProd, under qemu */
  constructor(instructions: string) {
    this.instructions = instructions
    this.path = programOf(instructions)
    // Of the library that was made together with it.
    this.kernels = nativeKernels()!.kernels
    const at = (name: string) => join(this.#folder, name)
    // Pages that both map lie in memory, where a file system is for that.
    const memory = existsSync('/dev/shm') ? mkdtempSync('/dev/shm/kerf-apart-') : this.#folder
    this.#memory = openSync(join(memory, 'memory'), 'w+')
    ftruncateSync(this.#memory, memoryBytes + rangeBytes)
    spawnSync('mkfifo', [at('requests'), at('answers')])
    const redirected = 'exec 3<>"$0/memory" <"$1/requests" >"$1/answers" 2>"$1/errors"; shift; exec "$@"'
    const command = [...emulator(instructions), this.path]
    spawn('sh', ['-c', redirected, memory, this.#folder, ...command], { stdio: 'ignore' }).unref()
    // Each waits for the shell to open its end.
    this.#requests = openSync(at('requests'), 'w')
    this.#answers = openSync(at('answers'), 'r')
    process.once('exit', () => {
      for (const file of [this.#requests, this.#answers, this.#memory]) closeSync(file)
      for (const folder of new Set([this.#folder, memory])) rmSync(folder, { recursive: true, force: true })
    })
  }

  /**
   * What the kernels that run next may see of a memory.
   * @param used bytes from its beginning
   * @param forbidden what AddressSanitizer tells of if it is read or written, each from a multiple of 4
   */
  within(used: number, forbidden: readonly Range[]): void {
    this.#used = used
    this.#ranges = forbidden
  }

  bind(bytes: Uint8Array): NativeRun {
    return (kernel, args, thread, threads) => {
      const own = bytes.subarray(0, this.#used)
      writeSync(this.#memory, own, 0, own.length, 0)
      writeSync(this.#memory, Uint32Array.from(this.#ranges.flat()), 0, 8 * this.#ranges.length, memoryBytes)
      const answer = new Int32Array(1)
      writeSync(this.#requests, Int32Array.of(kernel, args, thread, threads, this.#ranges.length))
      if (readSync(this.#answers, answer) === 4) {
        readSync(this.#memory, own, 0, own.length, 0)
        return
      }
      kernels = undefined
      throw new Error(`kernel ${kernel} ended its process:\n${readFileSync(join(this.#folder, 'errors'), 'utf8')}`)
    }
  }
}

let kernels: KernelsApart | undefined

/** Of the instructions that `KERF_APART` names, in a new process after one has ended; undefined where it names none. */
export function kernelsApart(): KernelsApart | undefined {
  const { KERF_APART: instructions } = process.env
  if (instructions) kernels ??= new KernelsApart(instructions)
  return kernels
}
