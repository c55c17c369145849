/** What stands out. */
export interface Marks {
  /** The chosen box; -1: none. */
  readonly chosen: number
  /** Under the pointer; -1: none. */
  readonly hovered: number
  /** Boxes that belong together; lines are paler then. Empty: none. */
  readonly lit: ReadonlySet<number>
}
