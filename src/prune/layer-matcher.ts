/** Picks layers by name. */
export interface LayerMatcher {
  /** As the user wrote it, for messages. */
  readonly pattern: string
  /** Whether a layer is meant, by the names of its node and its weight. */
  matches(names: readonly string[]): boolean
}
