import { useEffect, useRef, useState } from 'react'
import { engine } from '../../engine/client.ts'
import type { CriterionChoice, PrunePreview, PruneProof, PruneWish } from '../../engine/prune-types.ts'
import { useStore } from '../../store.ts'

const asFirst: PruneWish = {
  ...{ kinds: ['filter'], criterion: 'l2', global: false, widths: {}, locked: [] },
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
  const [wish, setWish] = useState(asFirst)
  const [criteria, setCriteria] = useState<readonly CriterionChoice[]>([])
  const [state, setState] = useState<Pick<Pruning, 'preview' | 'isBusy' | 'problem' | 'proof'>>({
    ...{ preview: undefined, isBusy: true, problem: undefined, proof: undefined },
  })
  const turn = useRef(0)
  useEffect(() => void engine.prune.criteria().then(setCriteria), [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: another network is cut otherwise
  useEffect(() => {
    const own = ++turn.current
    setState((before) => ({ ...before, isBusy: true }))
    const timer = setTimeout(async () => {
      try {
        const preview = await engine.prune.preview(wish)
        if (own === turn.current) setState((before) => ({ ...before, preview, isBusy: false, problem: undefined }))
      } catch (error) {
        if (own === turn.current)
          setState((before) => ({ ...before, isBusy: false, problem: (error as Error).message }))
      }
    }, waitMs)
    return () => clearTimeout(timer)
  }, [wish, network])
  const cut = async () => {
    const own = ++turn.current
    setState((before) => ({ ...before, isBusy: true, problem: undefined }))
    try {
      const { proof, ...changed } = await engine.prune.cut(titleOf(wish))
      // Groups of another network have other widths.
      setWish({ ...wish, widths: {}, locked: [] })
      setState((before) => ({ ...before, preview: undefined, proof }))
      change(changed)
    } catch (error) {
      if (own === turn.current) setState((before) => ({ ...before, isBusy: false, problem: (error as Error).message }))
    }
  }
  return {
    ...{ wish, criteria, ...state, cut },
    settle: (settings) => setWish({ ...wish, ...settings, widths: {} }),
    widen: (group, kept) => setWish({ ...wish, widths: { ...wish.widths, [group]: kept } }),
    lock(group, isLocked) {
      const { [group]: _, ...widths } = wish.widths
      const locked = wish.locked.filter((name) => name !== group)
      setWish({ ...wish, widths, locked: isLocked ? [...locked, group] : locked })
    },
  }
}

function titleOf({ amount: { of, part }, widths }: PruneWish): string {
  const percent = `${Math.round(100 * part)} %`
  if (Object.keys(widths).length > 0) return 'Pruned by hand'
  return of === 'ratio'
    ? `Pruned by ${percent}`
    : `Pruned to ${percent} of the ${of === 'macs' ? 'MACs' : 'parameters'}`
}
