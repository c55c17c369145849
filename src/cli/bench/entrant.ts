import type { Model } from '../../graph/index.ts'
import type { HostTensor } from '../../runtime/index.node.ts'

/** A model that takes part, with random inputs of the shapes that it is measured with. */
export interface Entrant {
  readonly path: string
  readonly model: Model
  readonly feeds: ReadonlyMap<string, HostTensor>
}
