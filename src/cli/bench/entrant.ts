import type { Model } from '../../api/graph.ts'
import type { HostTensor } from '../../api/runtime.node.ts'

/** A model that takes part, with random inputs of the shapes that it is measured with. */
export interface Entrant {
  readonly path: string
  readonly model: Model
  readonly feeds: ReadonlyMap<string, HostTensor>
}
