import { proxy } from 'comlink'
import { create } from 'zustand'
import { Closed, engine } from '../../engine/client.ts'
import type { FoundWithin, PruneWish, RecoveryState } from '../../engine/prune-types.ts'
import type { QualityLimit } from '../../engine/prune-within.ts'
import { tellWorkOf } from '../../parts/works.ts'
import { usePictures } from '../../pictures/pictures.ts'
import { useStore } from '../../store.ts'

/** The search for the smallest network within a limit. */
export interface Within {
  readonly found: FoundWithin | undefined
  readonly progress: RecoveryState | undefined
  readonly error: string | undefined
  search(wish: PruneWish, limit: QualityLimit): Promise<FoundWithin | undefined>
  stop(): void
}

const nothing = { found: undefined, error: undefined }

export const useWithin = create<Within>((set, get) => ({
  ...nothing,
  progress: undefined,
  async search(wish, limit) {
    set({ ...nothing, progress: { what: 'reading pictures', done: 0 } })
    const told = proxy((progress: RecoveryState) => get().progress && set({ progress }))
    try {
      const found = await engine.prune.within(wish, limit, told)
      set({ progress: undefined, found })
      return found
    } catch (error) {
      set({ progress: undefined, error: error instanceof Closed ? undefined : (error as Error).message })
      return undefined
    }
  },
  stop: () => void engine.prune.stopSearch(),
}))

tellWorkOf('within', useWithin, ({ progress, stop }) => progress && { ...progress, stop })

// What was found is of one network on one set of pictures.
const forget = () => {
  const { progress, stop } = useWithin.getState()
  if (progress) stop()
  useWithin.setState(nothing)
}
useStore.subscribe(({ network }, before) => {
  if (network !== before.network) forget()
})
usePictures.subscribe(({ turn }, before) => {
  if (turn !== before.turn) forget()
})
