import type { Model } from 'kerf'
import type { RecoveredStep } from 'kerf/prune'
import type { CutRecord } from './cut-record.ts'
import type { QuantizeOutcome } from './quantize-types.ts'
import type { SwapOutcome } from './swap-types.ts'
import type { TrainOutcome } from './train/types.ts'
import type { Network } from './types.ts'

/** What a model became. */
export interface Step {
  /** For people: `Pruned to 50 % of the MACs`. */
  readonly title: string
  readonly model: Model
  /** Of a cut: what recovery needs. */
  readonly cut?: CutRecord
  /** Of a recovery: what each of its steps did. */
  readonly recovery?: readonly RecoveredStep[]
  /** Of a swap: what it did. */
  readonly swap?: SwapOutcome
  /** Of a network in codes: what that did. */
  readonly quantized?: QuantizeOutcome
  /** Of a training: how well the network does. */
  readonly trained?: TrainOutcome
  /** What does the same on the command line. */
  readonly command?: string
}

/** What the page knows of a step. */
export interface ToldStep extends Pick<Step, 'title' | 'recovery' | 'swap' | 'quantized' | 'trained' | 'command'> {
  /** Of a cut, which can be recovered: what is known of it. */
  readonly cut?: Pick<CutRecord, 'proof' | 'time'>
}

/** The open model is another one. */
export interface Changed {
  readonly network: Network
  readonly steps: readonly ToldStep[]
  /** Which of them is open. */
  readonly at: number
}

/** What became of a model, from the file on: a list that can be gone back in. */
export class Steps {
  #name = ''
  #steps: Step[] = []
  #at = 0

  /** @param name of the file */
  begin(model: Model, name: string): void {
    this.#name = name
    this.#steps = [{ title: 'As it was opened', model }]
    this.#at = 0
  }

  /** Steps of before, the file first. */
  restore(steps: readonly Step[], name: string, at: number): void {
    this.#name = name
    this.#steps = [...steps]
    this.at = at
  }

  /** The name of the file. */
  get name(): string {
    return this.#name
  }

  /** Behind the one that is open; what came behind that is forgotten. */
  add(step: Step): void {
    this.#steps = [...this.#steps.slice(0, this.#at + 1), step]
    this.#at++
  }

  /** Which one is open. */
  get at(): number {
    return this.#at
  }

  set at(step: number) {
    if (!this.#steps[step]) throw new Error(`There is no step ${step}.`)
    this.#at = step
  }

  /** The open one, and what a file of it is called. */
  get current(): Step & { readonly name: string } {
    const step = this.#steps[this.#at]
    if (!step) throw new Error('No model is open.')
    return { ...step, name: this.nameOf(this.#at) }
  }

  /** What a file of a step is called. */
  nameOf(step: number): string {
    return step === 0 ? this.#name : `${this.#name.replace(/\.onnx$/i, '')}-${step}.onnx`
  }

  /** From the file on. */
  get all(): readonly Step[] {
    return this.#steps
  }

  told(): Pick<Changed, 'steps' | 'at'> {
    const steps = this.#steps.map(({ model: _, cut, ...told }) => ({
      ...told,
      cut: cut && { proof: cut.proof, time: cut.time },
    }))
    return { steps, at: this.#at }
  }
}
