import { proxy } from 'comlink'
import { create } from 'zustand'
import { Closed, engine } from '../../engine/client.ts'
import type { ChannelKind, RecoveryState } from '../../engine/prune-types.ts'
import type { SensitivityCurve, SensitivityTold } from '../../engine/sensitivity.ts'
import { tellWorkOf } from '../../parts/works.ts'
import { usePictures } from '../../pictures/pictures.ts'
import { useStore } from '../../store.ts'

/** What each group bears, as far as it is measured. */
export interface Bearing {
  readonly told: Omit<SensitivityTold, 'curve'> | undefined
  /** By the names of groups. */
  readonly curves: ReadonlyMap<string, SensitivityCurve>
  readonly progress: RecoveryState | undefined
  readonly error: string | undefined
  measure(kinds: readonly ChannelKind[]): Promise<void>
  stop(): void
}

const nothing = { told: undefined, curves: new Map(), error: undefined }

export const useBearing = create<Bearing>((set, get) => ({
  ...nothing,
  progress: undefined,
  async measure(kinds) {
    set({ ...nothing, progress: { what: 'reading pictures', done: 0 } })
    const told = proxy(({ curve, ...told }: SensitivityTold) =>
      set({ told, curves: new Map([...get().curves, [curve.name, curve]]) }),
    )
    const progress = proxy((state: RecoveryState) => get().progress && set({ progress: state }))
    try {
      await engine.sensitivity.measure(kinds, told, progress)
      set({ progress: undefined })
    } catch (error) {
      set({ progress: undefined, error: error instanceof Closed ? undefined : (error as Error).message })
    }
  },
  stop: () => void engine.sensitivity.stop(),
}))

tellWorkOf('bearing', useBearing, ({ progress, stop }) => progress && { ...progress, stop })

// Curves are of one network on one set of pictures.
const forget = () => {
  const { progress, stop } = useBearing.getState()
  if (progress) stop()
  useBearing.setState(nothing)
}
useStore.subscribe(({ network }, before) => {
  if (network !== before.network) forget()
})
usePictures.subscribe(({ turn }, before) => {
  if (turn !== before.turn) forget()
})
