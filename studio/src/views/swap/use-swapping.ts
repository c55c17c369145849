import { useEffect, useState } from 'react'
import { engine } from '../../engine/client.ts'
import { readerOf, swapWish } from '../../engine/session/wishes.ts'
import type { SwapKind, SwapPreview, SwapWish } from '../../engine/swap-types.ts'
import { usePreview } from '../../parts/use-preview.ts'
import { useWork } from '../../parts/use-work.ts'

const asFirst: SwapWish = { kind: 'low-rank', settings: {}, amount: { of: 'macs', part: 0.5 } }

export interface Swapping {
  readonly wish: SwapWish
  readonly kinds: readonly SwapKind[]
  /** Of the last wish. */
  readonly preview: SwapPreview | undefined
  /** Whether the preview is of an earlier wish. */
  readonly isBusy: boolean
  readonly isWorking: boolean
  /** Why the last swap failed, as the library says it. */
  readonly problem: string | undefined
  want(wish: Partial<SwapWish>): void
  swap(timed: boolean): Promise<void>
}

const stop = () => void engine.swap.stop()

/** What a swap would make of the open network, as soon as the settings stand still. */
export function useSwapping(): Swapping {
  const [kinds, setKinds] = useState<readonly SwapKind[]>([])
  useEffect(() => void engine.swap.kinds().then(setKinds), [])
  const previewed = usePreview('swap', asFirst, readerOf(swapWish), engine.swap.preview)
  const { wish, preview, isBusy } = previewed
  const { isWorking, forgive, run, problem = previewed.problem } = useWork(stop)
  return {
    ...{ wish, kinds, preview, isBusy, isWorking, problem },
    want(next) {
      forgive()
      // Another kind reaches as far as it does.
      previewed.want(next, { kind: false, ...(next.amount && { amount: next.kind !== undefined }) })
    },
    swap: (timed) =>
      run(
        'swapping',
        (told) => engine.swap.apply(titleOf(preview, kinds, wish), wish, { pictures: true, timed }, told),
        // Layers of another network have other names.
        () => previewed.want({ layers: undefined }),
      ),
  }
}

function titleOf(preview: SwapPreview | undefined, kinds: readonly SwapKind[], wish: SwapWish): string {
  const title = kinds.find(({ name }) => name === wish.kind)?.title ?? wish.kind
  const count = preview?.outcome?.rows.length
  return count === undefined
    ? `Layers swapped for ${title}`
    : `${count} ${count === 1 ? 'layer' : 'layers'} swapped for ${title}`
}
