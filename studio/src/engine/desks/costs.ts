import { type FileFormat, profileFileText } from 'kerf/report'
import { type BlockTable, blockTable } from '../blocks.ts'
import type { OpenModel } from '../open-model.ts'

/** What the open model costs. */
export class CostsDesk {
  readonly #open: OpenModel

  constructor(open: OpenModel) {
    this.#open = open
  }

  /** The blocks of the layers, as they were counted last. */
  blocks(): BlockTable {
    return blockTable(this.#open.profile)
  }

  /** The counts as a file: what the command line writes. */
  file(format: FileFormat): string {
    return profileFileText(this.#open.profile, format)
  }
}
