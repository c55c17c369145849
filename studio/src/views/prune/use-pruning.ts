import { useEffect, useRef, useState } from 'react'
import { engine } from '../../engine/client.ts'
import type { CriterionChoice, PrunePreview, PruneWish } from '../../engine/prune-types.ts'
import { pruneWish, readerOf } from '../../engine/session/wishes.ts'
import type { Network } from '../../engine/types.ts'
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
  /** Of the last wish for the open network that could be fulfilled. */
  readonly preview: PrunePreview | undefined
  readonly isBusy: boolean
  /** Why the wish cannot be fulfilled, as the library says it. */
  readonly problem: string | undefined
  /** Other settings choose other widths: those by hand are forgotten. */
  settle(settings: Partial<Omit<PruneWish, 'widths' | 'locked'>>): void
  widen(group: string, kept: number): void
  lock(group: string, isLocked: boolean): void
  cut(): Promise<void>
}

/** What the engine said, and of which network. */
interface Told {
  readonly of: Network | undefined
  readonly preview?: PrunePreview
  readonly problem?: string
}

/** What a cut would make of the open network, as soon as the settings stand still. */
export function usePruning(): Pruning {
  const network = useStore((s) => s.network)
  const change = useStore((s) => s.change)
  const known = useTiming((s) => s.known)
  const pictures = usePictures((s) => s.turn)
  const [wish, setWish] = useKept('prune', asFirst, readerOf(pruneWish))
  const [criteria, setCriteria] = useState<readonly CriterionChoice[]>([])
  const [isBusy, setBusy] = useState(true)
  const [told, setTold] = useState<Told>({ of: undefined })
  // Of a step that is no longer open nothing is shown.
  const { preview, problem }: Told = told.of === network ? told : { of: network }
  const fail = (error: unknown) => setTold({ of: network, preview, problem: (error as Error).message })
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
    setBusy(true)
    const timer = setTimeout(async () => {
      try {
        const found = await engine.prune.preview(wish, free.now())
        if (!found || own !== turn.current) return
        if (JSON.stringify(found.wish) !== JSON.stringify(wish)) {
          shown.current = found.wish
          setWish(found.wish)
        }
        setTold({ of: network, preview: found })
      } catch (error) {
        if (own !== turn.current) return
        fail(error)
      }
      setBusy(false)
    }, waitMs)
    return () => clearTimeout(timer)
  }, [wish, network, known, pictures])
  const cut = async () => {
    const own = ++turn.current
    setBusy(true)
    setTold({ of: network, preview })
    try {
      const changed = await engine.prune.cut(titleOf(wish))
      // Groups of another network have other widths.
      setWish({ ...wish, widths: {}, locked: [] })
      change(changed)
    } catch (error) {
      if (own !== turn.current) return
      fail(error)
      setBusy(false)
    }
  }
  return {
    ...{ wish, criteria, preview, problem, isBusy, cut },
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
