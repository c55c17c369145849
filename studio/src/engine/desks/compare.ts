import type { Model, Profile } from 'kerf'
import { comparisonFileText, type FileFormat } from 'kerf/report'
import { type Compared, type ComparisonTable, comparisonOf, comparisonTable, countOther } from '../compare.ts'
import { type DifferencePicture, differencePicture, type PictureWish } from '../compare-picture.ts'
import { comparedRows, type Sides } from '../compare-rows.ts'
import { type StoredWeights, storedWeights, weightChanges } from '../compare-weights.ts'
import type { ModelSource } from '../model-source.ts'
import type { OpenModel } from '../open-model.ts'
import { readFrom } from '../read-model.ts'
import type { MeasureDesk } from './measure.ts'

/** What is compared: the open network, another file, or what the model was or became, by the step's number. */
export type CompareSide = 'open' | 'file' | number

/** A network that is compared. */
interface Network {
  readonly model: Model
  readonly profile: Profile
}

/** Two networks beside each other: the open one, what it was and became, another file. */
export class CompareDesk {
  readonly #open: OpenModel
  readonly #measure: MeasureDesk
  #other: { readonly model: Model; readonly name: string } | undefined
  #sides: Sides<CompareSide> = { a: 'open', b: 'file' }
  /** What was compared last. */
  #compared: { readonly of: Sides<Network>; readonly compared: Compared } | undefined
  /** Of a profile, since what it stores is as long the same. */
  readonly #stored = new WeakMap<Profile, StoredWeights>()
  /** Of steps that are not open: by what was counted. */
  readonly #counted = new WeakMap<Model, { readonly for: string; readonly profile: Profile }>()

  constructor(open: OpenModel, measure: MeasureDesk) {
    this.#open = open
    this.#measure = measure
  }

  /**
   * Reads another model, which becomes B.
   * @throws KerfError as `OpenModel.open`; the one before stays
   */
  async with(source: ModelSource, a: CompareSide): Promise<ComparisonTable | undefined> {
    const { model, name } = await readFrom(source)
    // Where it cannot be counted, nothing is compared otherwise.
    countOther(model, name, this.#open.counting)
    this.#other = { model, name }
    return this.between(a, 'file')
  }

  /**
   * Compares two networks as they are counted now.
   * @returns undefined where one of them is not there
   * @throws KerfError where a network's inputs do not fit the sizes
   */
  between(a: CompareSide, b: CompareSide): ComparisonTable | undefined {
    this.#sides = { a, b }
    return this.#table()
  }

  /**
   * The same with what weights differ by, which are read for that.
   * @returns undefined where other networks are compared meanwhile
   */
  async weights(): Promise<ComparisonTable | undefined> {
    const compared = this.#both()
    if (!compared) return undefined
    if (!compared.weights) {
      const weights = await weightChanges(compared.rows, compared.stored, () => this.#compared?.compared === compared)
      if (!weights || this.#compared?.compared !== compared) return undefined
      this.#compared = { of: this.#compared.of, compared: { ...compared, weights } }
    }
    return this.#table()
  }

  /** Both in one picture, with some blocks open. */
  picture(wish: PictureWish): DifferencePicture | undefined {
    const compared = this.#both()
    return compared && differencePicture(compared, wish, this.#times(compared.profiles))
  }

  /** Which of both were measured at the sizes that are counted. */
  measured(): Sides<boolean> {
    const { a, b } = this.#times(this.#both()?.profiles)
    return { a: a !== undefined, b: b !== undefined }
  }

  /** The comparison as a file: what the command line writes, and of weights what the table shows. */
  file(format: FileFormat): string {
    return comparisonFileText(comparisonOf(this.#both()!), format)
  }

  #times(profiles: Sides<Profile> | undefined): Sides<Float64Array | undefined> {
    const of = (side: CompareSide, profile: Profile | undefined) => {
      const step = side === 'open' ? this.#open.at : side
      const model = typeof step === 'number' ? this.#open.steps[step]?.model : undefined
      return profile && model && this.#measure.timesOf(model, profile)
    }
    return { a: of(this.#sides.a, profiles?.a), b: of(this.#sides.b, profiles?.b) }
  }

  #table(): ComparisonTable | undefined {
    const compared = this.#both()
    if (!compared) return undefined
    const { a, b } = this.#sides
    const table = comparisonTable(compared, { a: this.#nameOf(a), b: this.#nameOf(b) })
    // Rows are those of the open network's table.
    return compared.profiles.a === this.#open.profile
      ? table
      : { ...table, rows: new Int32Array(table.rows.length).fill(-1) }
  }

  /** Both alike: steps by their numbers where there are any, else by files. */
  #nameOf(side: CompareSide): string {
    if (side === 'file') return this.#other?.name ?? ''
    const { at, steps } = this.#open
    const step = side === 'open' ? at : side
    return steps.length > 1 ? `step ${step}, ${steps[step]?.title}` : this.#open.nameOf(at)
  }

  #both(): Compared | undefined {
    const [a, b] = [this.#network(this.#sides.a), this.#network(this.#sides.b)]
    if (!a || !b) return undefined
    const last = this.#compared
    if (last && last.of.a.profile === a.profile && last.of.b.profile === b.profile) return last.compared
    const compared = {
      profiles: { a: a.profile, b: b.profile },
      rows: comparedRows(a.profile, b.profile),
      stored: { a: this.#storedIn(a), b: this.#storedIn(b) },
    }
    this.#compared = { of: { a, b }, compared }
    return compared
  }

  #storedIn({ model, profile }: Network): StoredWeights {
    const stored = this.#stored.get(profile) ?? storedWeights(model, profile)
    this.#stored.set(profile, stored)
    return stored
  }

  #network(side: CompareSide): Network | undefined {
    const { steps, at } = this.#open
    if (side === 'open' || side === at) return { model: this.#open.model, profile: this.#open.profile }
    if (side === 'file') return this.#other && this.#countedOther(this.#other.model, this.#other.name)
    const step = steps[side]
    return step && this.#countedOther(step.model, this.#open.nameOf(side))
  }

  /** Counted once for the same sizes. */
  #countedOther(model: Model, name: string): Network {
    const { counting } = this.#open
    const asked = JSON.stringify([name, counting.inputs, counting.fused])
    const known = this.#counted.get(model)
    const profile = known?.for === asked ? known.profile : countOther(model, name, counting)
    this.#counted.set(model, { for: asked, profile })
    return { model, profile }
  }
}
