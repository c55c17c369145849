import type { Model, Profile } from 'kerf'
import { compareProfiles } from 'kerf/cost'
import { comparisonFileText, type FileFormat } from 'kerf/report'
import { type ComparisonTable, comparisonTable, countOther } from '../compare.ts'
import type { ModelSource } from '../model-source.ts'
import type { OpenModel } from '../open-model.ts'
import { readFrom } from '../read-model.ts'

/** The open model beside another one. */
export class CompareDesk {
  readonly #open: OpenModel
  #other: { readonly model: Model; readonly name: string } | undefined

  constructor(open: OpenModel) {
    this.#open = open
  }

  /**
   * Reads another model, beside the open one.
   * @throws KerfError as `OpenModel.open`; the one before stays
   */
  async with(source: ModelSource): Promise<ComparisonTable> {
    const { model, name } = await readFrom(source)
    const table = comparisonTable(this.#open.profile, countOther(model, name, this.#open.counting))
    this.#other = { model, name }
    return table
  }

  /**
   * Both networks as they are counted now; undefined where there is no other one.
   * @throws KerfError where the other's inputs do not fit the sizes
   */
  table(): ComparisonTable | undefined {
    const other = this.#otherProfile()
    return other && comparisonTable(this.#open.profile, other)
  }

  /** The comparison as a file: what the command line writes. */
  file(format: FileFormat): string {
    return comparisonFileText(compareProfiles(this.#open.profile, this.#otherProfile()!), format)
  }

  #otherProfile(): Profile | undefined {
    return this.#other && countOther(this.#other.model, this.#other.name, this.#open.counting)
  }
}
