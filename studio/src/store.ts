import { create } from 'zustand'
import { Closed, cancelOpening, closeModel, engine, openModel } from './engine/client.ts'
import type { ModelSource } from './engine/model-source.ts'
import type { Peer } from './engine/peer-messages.ts'
import type { Changed } from './engine/steps.ts'
import type { Network, RecountOptions } from './engine/types.ts'
import { restoreSettings } from './session-settings.ts'

/** What every part of the page shares. Parts keep to themselves what only they show. */
export interface Store {
  /** The open model. */
  readonly network: Network | undefined
  /** Where it came from. */
  readonly source: ModelSource | undefined
  /** What became of the model; the network is the one at `at`. Empty where nothing was changed. */
  readonly steps: Changed['steps']
  readonly at: number
  /** Whether the model became something that was not saved. */
  readonly unsaved: boolean
  /** Another number for each model that was opened. */
  readonly opened: number
  /** The name of what is being read. */
  readonly opening: string | undefined
  /** What went wrong last, as the library says it. */
  readonly error: string | undefined
  /** The layer that is looked at: a row of `network.layers`, which are fused layers where `network.fused` says so. */
  readonly selected: number | undefined
  /** Milliseconds for each row, NaN where a layer runs as part of another; undefined until this network is measured at this size. */
  readonly measured: Float64Array | undefined
  /** How the network is counted. */
  readonly counting: RecountOptions
  /** Another runtime, which the server was given. */
  readonly peer: Peer | undefined
  /** Shows a model in place of the one before; where it cannot be read, that one stays. What was being read is no longer. */
  open(source: ModelSource): Promise<void>
  /** No longer reads what is being read. */
  cancel(): void
  /** Forgets the model. */
  close(): void
  /** Counts the model again. What is wrong with the wish is its result, as the library says it; the counts then stay. */
  recount(counting: RecountOptions): Promise<string | undefined>
  /** Shows what was measured. */
  showMeasured(): Promise<void>
  /** Shows what the model became. */
  change(changed: Changed): void
  /** What the model became is in a file. */
  saved(): void
  /** Back, or forth, to what the model was. */
  goTo(step: number): Promise<void>
  select(row: number | undefined): void
  fail(error: unknown): void
  dismissError(): void
}

/** Shows a step. */
function show({ network, steps, at }: Changed): void {
  asked++
  useStore.setState({ network, steps, at, selected: undefined, measured: undefined, error: undefined })
}

/** Counts and models that were asked for: an answer that comes after a later wish is not shown. */
let asked = 0
let wanted = 0

const nothing = {
  ...{ network: undefined, source: undefined, selected: undefined, measured: undefined, counting: {} },
  ...{ steps: [], at: 0, unsaved: false },
}

export const useStore = create<Store>((set, get) => ({
  ...nothing,
  opened: 0,
  opening: undefined,
  peer: undefined,
  error: undefined,
  async open(source) {
    const turn = ++wanted
    set({ opening: nameOf(source), error: undefined })
    try {
      const { network, steps, at, counting, settings } = await openModel(source)
      restoreSettings(settings)
      set(({ opened }) => ({ ...nothing, network, steps, at, source, counting, opened: opened + 1 }))
    } catch (error) {
      if (!(error instanceof Closed)) get().fail(error)
    } finally {
      if (turn === wanted) set({ opening: undefined })
    }
  },
  cancel() {
    cancelOpening()
  },
  close() {
    closeModel()
    set({ ...nothing, error: undefined })
  },
  async recount(counting) {
    const turn = ++asked
    try {
      const [network, measured] = await Promise.all([engine.model.recount(counting), engine.measure.rows()])
      if (turn !== asked) return undefined
      const { network: before, selected } = get()
      set({
        ...{ network, measured, counting, error: undefined },
        selected: before && sameRow(before, network, selected),
      })
      return undefined
    } catch (error) {
      return turn === asked && !(error instanceof Closed) ? (error as Error).message : undefined
    }
  },
  async showMeasured() {
    const measured = await engine.measure.rows()
    // Not of another table.
    if (measured?.length === get().network?.layers.names.length) set({ measured })
  },
  change(changed) {
    show(changed)
    set({ unsaved: true })
  },
  saved: () => set({ unsaved: false }),
  async goTo(step) {
    try {
      show(await engine.model.goTo(step))
    } catch (error) {
      if (!(error instanceof Closed)) get().fail(error)
    }
  },
  select: (selected) => set({ selected }),
  fail: (error) => set({ error: messageOf(error) }),
  dismissError: () => set({ error: undefined }),
}))

/** What is read, for people. */
export const nameOf = (source: ModelSource): string =>
  source.from === 'example'
    ? source.example
    : source.from === 'net'
      ? source.net
      : source.from === 'files'
        ? source.files[0].file.name
        : source.files[0].name

/** As the command line says it: what Kerf did not foresee is a fault of Kerf. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { name, message } = error
  if (name === 'KerfError' || name === 'NodeError' || name === 'UnsupportedError') return message
  return `Unexpected ${name}: ${message} This is a fault of Kerf; please report it with the model.`
}

/** The row in another table that holds the first node of a row. */
function sameRow(before: Network, after: Network, row: number | undefined): number | undefined {
  const node = row === undefined ? undefined : before.layers.nodes[row]?.[0]
  const found = node === undefined ? -1 : after.layers.nodes.findIndex((nodes) => nodes.includes(node))
  return found < 0 ? undefined : found
}
