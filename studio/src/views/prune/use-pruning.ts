import { useEffect, useRef, useState } from 'react'
import { engine } from '../../engine/client.ts'
import type { CriterionChoice, CutTime, PrunePreview, PruneProof, PruneWish } from '../../engine/prune-types.ts'
import { pruneWish, readerOf } from '../../engine/session/wishes.ts'
import { useFree } from '../../parts/use-free.ts'
import { usePictures } from '../../pictures/pictures.ts'
import { useKept } from '../../session-settings.ts'
import { useStore } from '../../store.ts'
import { useTiming } from './timing.ts'

const asFirst: PruneWish = {
  ...{ kinds: ['filter'], criterion: 'l2', loss: 'labels', global: false, widths: {}, locked: [] },
  amount: { of: 'macs', part: 0.5 },
}

/** Sliders move more often than networks are cut. */
const waitMs = 150

export interface Pruning {
  readonly wish: PruneWish
  readonly criteria: readonly CriterionChoice[]
  /** Of the last wish that could be fulfilled. */
  readonly preview: PrunePreview | undefined
  readonly isBusy: boolean
  /** Why the wish cannot be fulfilled, as the library says it. */
  readonly problem: string | undefined
  /** Of the last cut. */
  readonly proof: PruneProof | undefined
  /** What was measured of it; undefined where no times of layers are known. */
  readonly time: CutTime | undefined
  /** Other settings choose other widths: those by hand are forgotten. */
  settle(settings: Partial<Omit<PruneWish, 'widths' | 'locked'>>): void
  widen(group: string, kept: number): void
  lock(group: string, isLocked: boolean): void
  cut(): Promise<void>
}

/** What a cut would make of the open network, as soon as the settings stand still. */
export function usePruning(): Pruning {
  const network = useStore((s) => s.network)
  const change = useStore((s) => s.change)
  const known = useTiming((s) => s.known)
  const pictures = usePictures((s) => s.turn)
  const [wish, setWish] = useKept('prune', asFirst, readerOf(pruneWish))
  const [criteria, setCriteria] = useState<readonly CriterionChoice[]>([])
  const [state, setState] = useState<Pick<Pruning, 'preview' | 'isBusy' | 'problem' | 'proof' | 'time'>>({
    ...{ preview: undefined, isBusy: true, problem: undefined, proof: undefined, time: undefined },
  })
  const turn = useRef(0)
  const free = useFree(network, wish === asFirst)
  /** The wish that the engine chose: its preview is there. */
  const shown = useRef<PruneWish>(undefined)
  useEffect(() => void engine.prune.criteria().then(setCriteria), [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: another network is cut otherwise, and other times choose other widths
  useEffect(() => {
    const isShown = shown.current === wish
    shown.current = undefined
    if (isShown) return undefined
    const own = ++turn.current
    setState((before) => ({ ...before, isBusy: true }))
    const timer = setTimeout(async () => {
      try {
        const preview = await engine.prune.preview(wish, free.now())
        if (!preview || own !== turn.current) return
        if (JSON.stringify(preview.wish) !== JSON.stringify(wish)) {
          shown.current = preview.wish
          setWish(preview.wish)
        }
        setState((before) => ({ ...before, preview, isBusy: false, problem: undefined }))
      } catch (error) {
        if (own === turn.current)
          setState((before) => ({ ...before, isBusy: false, problem: (error as Error).message }))
      }
    }, waitMs)
    return () => clearTimeout(timer)
  }, [wish, network, known, pictures])
  const cut = async () => {
    const own = ++turn.current
    setState((before) => ({ ...before, isBusy: true, problem: undefined }))
    try {
      const { proof, time, ...changed } = await engine.prune.cut(titleOf(wish))
      // Groups of another network have other widths.
      setWish({ ...wish, widths: {}, locked: [] })
      setState((before) => ({ ...before, preview: undefined, proof, time }))
      change(changed)
    } catch (error) {
      if (own === turn.current) setState((before) => ({ ...before, isBusy: false, problem: (error as Error).message }))
    }
  }
  return {
    ...{ wish, criteria, ...state, cut },
    settle(settings) {
      free.choose({ ...(settings.kinds && { kind: false }), ...(settings.amount && { amount: false }) })
      setWish({ ...wish, ...settings, widths: {} })
    },
    widen: (group, kept) => setWish({ ...wish, widths: { ...wish.widths, [group]: kept } }),
    lock(group, isLocked) {
      const { [group]: _, ...widths } = wish.widths
      const locked = wish.locked.filter((name) => name !== group)
      setWish({ ...wish, widths, locked: isLocked ? [...locked, group] : locked })
    },
  }
}

/** What may stay, for people. */
export const amountNames = { macs: 'MACs', params: 'parameters', milliseconds: 'time' } as const

function titleOf({ amount: { of, part }, widths }: PruneWish): string {
  const percent = `${Math.round(100 * part)} %`
  if (Object.keys(widths).length > 0) return 'Pruned by hand'
  return of === 'ratio' ? `Pruned by ${percent}` : `Pruned to ${percent} of the ${amountNames[of]}`
}
