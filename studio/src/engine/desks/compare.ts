import type { Model, Profile } from 'kerf'
import { compareProfiles } from 'kerf/cost'
import { comparisonFileText, type FileFormat } from 'kerf/report'
import { type ComparisonTable, comparisonTable, countOther } from '../compare.ts'
import { type DifferencePicture, differencePicture, type PictureWish } from '../compare-picture.ts'
import type { ModelSource } from '../model-source.ts'
import type { OpenModel } from '../open-model.ts'
import { readFrom } from '../read-model.ts'
import type { MeasureDesk } from './measure.ts'

/** What is compared: the open network, another file, or what the model was or became, by the step's number. */
export type CompareSide = 'open' | 'file' | number

/** Two networks beside each other: the open one, what it was and became, another file. */
export class CompareDesk {
  readonly #open: OpenModel
  readonly #measure: MeasureDesk
  #other: { readonly model: Model; readonly name: string } | undefined
  #sides: readonly [a: CompareSide, b: CompareSide] = ['open', 'file']

  constructor(open: OpenModel, measure: MeasureDesk) {
    this.#open = open
    this.#measure = measure
  }

  /**
   * Reads another model, which becomes B.
   * @throws KerfError as `OpenModel.open`; the one before stays
   */
  async with(source: ModelSource): Promise<ComparisonTable> {
    const { model, name } = await readFrom(source)
    const [a] = this.#sides
    const table = this.#tableOf(this.#profile(a)!, countOther(model, name, this.#open.counting))
    this.#other = { model, name }
    this.#sides = [a, 'file']
    return table
  }

  /** Compares others. @returns undefined where one of them is not there */
  between(a: CompareSide, b: CompareSide): ComparisonTable | undefined {
    this.#sides = [a, b]
    return this.table()
  }

  /**
   * Both networks as they are counted now; undefined where one of them is not there.
   * @throws KerfError where the other's inputs do not fit the sizes
   */
  table(): ComparisonTable | undefined {
    const profiles = this.#profiles()
    return profiles && this.#tableOf(...profiles)
  }

  /** Both in one picture, with some blocks open. */
  picture(wish: PictureWish): DifferencePicture | undefined {
    const profiles = this.#profiles()
    if (!profiles) return undefined
    const [a, b] = this.#sides.map((side, i) => this.#timesOf(side, profiles[i]!))
    return differencePicture(...profiles, wish, { a, b })
  }

  /** Which of both were measured at the sizes that are counted. */
  measured(): { readonly a: boolean; readonly b: boolean } {
    const [a, b] = this.#sides.map((side, i) => this.#timesOf(side, this.#profiles()?.[i]) !== undefined)
    return { a: a!, b: b! }
  }

  #timesOf(side: CompareSide, profile: Profile | undefined): Float64Array | undefined {
    const step = side === 'open' ? this.#open.at : side
    const model = typeof step === 'number' ? this.#open.steps[step]?.model : undefined
    return profile && model && this.#measure.timesOf(model, profile)
  }

  /** The comparison as a file: what the command line writes. */
  file(format: FileFormat): string {
    return comparisonFileText(compareProfiles(...this.#profiles()!), format)
  }

  #tableOf(a: Profile, b: Profile): ComparisonTable {
    const table = comparisonTable(a, b)
    // Rows are those of the open network's table.
    return a === this.#open.profile ? table : { ...table, rows: new Int32Array(table.rows.length).fill(-1) }
  }

  #profiles(): [a: Profile, b: Profile] | undefined {
    const [a, b] = this.#sides.map((side) => this.#profile(side))
    return a && b && [a, b]
  }

  #profile(side: CompareSide): Profile | undefined {
    if (side === 'open' || side === this.#open.at) return this.#open.profile
    const { counting, steps } = this.#open
    if (side === 'file') return this.#other && countOther(this.#other.model, this.#other.name, counting)
    const step = steps[side]
    return step && countOther(step.model, step.title, counting)
  }
}
