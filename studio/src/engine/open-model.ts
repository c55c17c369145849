import { type Model, modelBytes, type Profile } from 'kerf'
import { type Counted, countAtFirst, countModel } from './count.ts'
import { guessesOf } from './guesses.ts'
import type { ModelSource } from './model-source.ts'
import { readFrom } from './read-model.ts'
import { isArchive, isCalledSession } from './session/is-archive.ts'
import type { SessionSettings } from './session/types.ts'
import { type Changed, type Step, Steps } from './steps.ts'
import type { Network, OpenedFile, RecountOptions } from './types.ts'

/** A model that was opened, or a session. */
export interface Opened extends Changed {
  readonly counting: RecountOptions
  /** Of a session: as the page was. */
  readonly settings?: SessionSettings
}

/**
 * The model that is open, what became of it, and how it is counted. What is worked out from it keeps to the profile it was made for: another count is
 * another profile.
 */
export class OpenModel {
  readonly #steps = new Steps()
  #counted: Counted | undefined
  #counting: RecountOptions = {}
  #file: OpenedFile = {}
  /** What it was built by. */
  #net: string | undefined
  readonly #left: () => void

  /** @param left is called when another model takes the open one's place */
  constructor(left: () => void) {
    this.#left = left
  }

  /**
   * Reads a model and counts it.
   * @throws KerfError as `readModel`, and as `profileModel`
   */
  async open(source: ModelSource): Promise<Opened> {
    if (source.from === 'files') {
      const [{ file }] = source.files
      if ((await isArchive(file)) || isCalledSession(file)) return this.#openSession(file)
    }
    const { model, name, ...file } = await readFrom(source)
    this.#file = file
    this.#net = source.from === 'net' ? source.net : undefined
    this.#steps.begin(model, name)
    this.#counted = countAtFirst(model, name)
    this.#counting = { inputs: guessesOf(this.#counted.network) }
    return { ...this.now(), counting: this.#counting }
  }

  /** Everything as a session's file has it. */
  async #openSession(file: File): Promise<Opened> {
    const { readSession } = await import('./session/read.ts')
    const { name, at, steps, counting, settings } = await readSession(file)
    this.#steps.restore(steps, name, at)
    this.#file = {}
    this.#net = undefined
    const current = this.#steps.current
    this.#counted = countModel(current.model, current.name, counting)
    this.#counting = counting
    return { ...this.now(), counting, settings }
  }

  /**
   * All steps and what made them, as one file that `open` takes.
   * @param settings of the page
   * @throws KerfError `too-large`
   */
  async saveSession(settings: SessionSettings): Promise<{ readonly name: string; readonly blob: Blob }> {
    const { writeSession } = await import('./session/write.ts')
    const { name, all, at } = this.#steps
    return writeSession({ name, at, steps: all, counting: this.#counting, settings })
  }

  /**
   * The same model, counted otherwise.
   * @throws KerfError where input shapes do not fit
   */
  recount(options: RecountOptions): Network {
    const { network } = this.counted
    this.#counted = countModel(this.model, network.name, options, network)
    this.#counting = options
    return this.#shown()
  }

  /** Another model takes its place. */
  add(step: Step): Changed {
    this.#steps.add(step)
    return this.#changed()
  }

  /** Back, or forth, to what the model was. */
  goTo(step: number): Changed {
    this.#steps.at = step
    return this.#changed()
  }

  /** What is open, as the page knows it. */
  now(): Changed {
    return { network: this.#shown(), ...this.#steps.told() }
  }

  /** The open model's file. */
  save(): { readonly name: string; readonly blob: Blob } {
    const { name, model } = this.#steps.current
    return { name, blob: new Blob([modelBytes(model).slice()], { type: 'application/octet-stream' }) }
  }

  /** Everything that is known of the step that is open. */
  get step(): Step & { readonly name: string } {
    return this.#steps.current
  }

  /** The step before the one that is open; undefined: that is the file. */
  get before(): (Step & { readonly name: string }) | undefined {
    const at = this.at - 1
    const step = this.steps[at]
    return step && { ...step, name: this.nameOf(at) }
  }

  /** What a file of a step is called. */
  nameOf(step: number): string {
    return this.#steps.nameOf(step)
  }

  /** The name of the structure that is open, with weights as they were drawn; undefined where it is something else. */
  get net(): string | undefined {
    return this.at === 0 ? this.#net : undefined
  }

  /** What the command line calls the open model: its file, or `net:NAME`. */
  get commandName(): string {
    return this.net === undefined ? this.step.name : `net:${this.net}`
  }

  /** All of them, the file as it was read first. */
  get steps(): readonly Step[] {
    return this.#steps.all
  }

  /** Which of them is open. */
  get at(): number {
    return this.#steps.at
  }

  get model(): Model {
    return this.#steps.current.model
  }

  get counted(): Counted {
    if (!this.#counted) throw new Error('No model is open.')
    return this.#counted
  }

  get profile(): Profile {
    const { profile } = this.counted
    if (!profile) throw new Error('Nothing is counted.')
    return profile
  }

  /** How it is counted. */
  get counting(): RecountOptions {
    return this.#counting
  }

  /** Shapes of the inputs that are counted for. */
  get inputShapes(): ReadonlyMap<string, readonly number[]> {
    return new Map(this.profile.inputs.map(({ name, shape }) => [name, shape as readonly number[]]))
  }

  /** Everything is of another model. */
  #changed(): Changed {
    this.#left()
    const { model, name } = this.#steps.current
    const inputs = Object.fromEntries(this.inputShapes)
    this.#counted = countModel(model, name, { inputs, fused: this.counted.network.fused })
    return this.now()
  }

  /** What is known of the file is so of the model that was read from it. */
  #shown(): Network {
    return { ...this.counted.network, ...(this.#steps.at === 0 ? this.#file : {}) }
  }
}
