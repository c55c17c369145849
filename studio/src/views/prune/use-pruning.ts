import { useEffect, useState } from 'react'
import { engine } from '../../engine/client.ts'
import type { CriterionChoice, PrunePreview, PruneWish } from '../../engine/prune-types.ts'
import { pruneWish, readerOf } from '../../engine/session/wishes.ts'
import { usePreview } from '../../parts/use-preview.ts'
import { useWork } from '../../parts/use-work.ts'
import { usePictures } from '../../pictures/pictures.ts'
import { useTiming } from './timing.ts'

const asFirst: PruneWish = {
  ...{ kinds: ['filter'], criterion: 'l2', loss: 'labels', global: false, widths: {}, locked: [] },
  amount: { of: 'macs', part: 0.5 },
}

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

/** What a cut would make of the open network, as soon as the settings stand still. */
export function usePruning(): Pruning {
  const known = useTiming((s) => s.known)
  const pictures = usePictures((s) => s.turn)
  const [criteria, setCriteria] = useState<readonly CriterionChoice[]>([])
  useEffect(() => void engine.prune.criteria().then(setCriteria), [])
  // Other times choose other widths, as other pictures do.
  const previewed = usePreview('prune', asFirst, readerOf(pruneWish), engine.prune.preview, [known, pictures])
  const { wish, preview, isBusy } = previewed
  const { isWorking, forgive, run, problem = previewed.problem } = useWork()
  const want: typeof previewed.want = (next, chosen) => {
    forgive()
    previewed.want(next, chosen)
  }
  return {
    ...{ wish, criteria, preview, problem, isBusy: isBusy || isWorking },
    cut: () =>
      // Groups of another network have other widths.
      run(
        'cutting',
        () => engine.prune.cut(titleOf(wish)),
        () => want({ widths: {}, locked: [] }),
      ),
    settle: (settings) =>
      want(
        { ...settings, widths: {} },
        { ...(settings.kinds && { kind: false }), ...(settings.amount && { amount: false }) },
      ),
    widen: (group, kept) => want({ widths: { ...wish.widths, [group]: kept } }),
    lock(group, isLocked) {
      const { [group]: _, ...widths } = wish.widths
      const locked = wish.locked.filter((name) => name !== group)
      want({ widths, locked: isLocked ? [...locked, group] : locked })
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
