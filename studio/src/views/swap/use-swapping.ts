import { proxy } from 'comlink'
import { useEffect, useRef, useState } from 'react'
import { Closed, engine } from '../../engine/client.ts'
import { readerOf, swapWish } from '../../engine/session/wishes.ts'
import type { SwapKind, SwapPreview, SwapWish, WorkState } from '../../engine/swap-types.ts'
import type { Network } from '../../engine/types.ts'
import { useFree } from '../../parts/use-free.ts'
import { useKept } from '../../session-settings.ts'
import { useStore } from '../../store.ts'

/** Sliders move more often than networks are swapped. */
const waitMs = 150

const asFirst: SwapWish = { kind: 'low-rank', settings: {}, amount: { of: 'macs', part: 0.5 } }

export interface Swapping {
  readonly wish: SwapWish
  readonly kinds: readonly SwapKind[]
  /** Of the last wish. */
  readonly preview: SwapPreview | undefined
  /** Whether the preview is of an earlier wish. */
  readonly isBusy: boolean
  /** What is being done. */
  readonly work: WorkState | undefined
  /** Why the last swap failed, as the library says it. */
  readonly problem: string | undefined
  want(wish: Partial<SwapWish>): void
  swap(timed: boolean): Promise<void>
  stop(): void
}

/** What a swap would make of the open network, as soon as the settings stand still. */
export function useSwapping(): Swapping {
  const network = useStore((s) => s.network)
  const change = useStore((s) => s.change)
  const [wish, setWish] = useKept('swap', asFirst, readerOf(swapWish))
  const [kinds, setKinds] = useState<readonly SwapKind[]>([])
  const [told, setTold] = useState<{ readonly of: Network; readonly preview: SwapPreview }>()
  // Of a step that is no longer open nothing is shown.
  const preview = told?.of === network ? told?.preview : undefined
  const [isBusy, setBusy] = useState(true)
  const [work, setWork] = useState<WorkState>()
  const [problem, setProblem] = useState<string>()
  const turn = useRef(0)
  const free = useFree(network, wish === asFirst)
  /** The wish that the engine chose: its preview is there. */
  const shown = useRef<SwapWish>(undefined)
  const fail = (error: unknown) => {
    if (!(error instanceof Closed)) setProblem((error as Error).message)
  }
  useEffect(() => void engine.swap.kinds().then(setKinds), [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: another network is swapped otherwise
  useEffect(() => {
    const isShown = shown.current === wish
    shown.current = undefined
    if (isShown) return undefined
    const own = ++turn.current
    setBusy(true)
    const timer = setTimeout(async () => {
      try {
        const found = await engine.swap.preview(wish, free.now())
        if (own !== turn.current || !found) return
        if (!isSame(found.wish, wish)) {
          shown.current = found.wish
          setWish(found.wish)
        }
        setTold({ of: network!, preview: found })
        setBusy(false)
      } catch (error) {
        fail(error)
      }
    }, waitMs)
    return () => clearTimeout(timer)
  }, [wish, network])
  const swap = async (timed: boolean) => {
    setWork({ what: 'swapping', done: 0 })
    // What is told when it is done already comes too late.
    const told = proxy((state: WorkState) => setWork((now) => now && state))
    setProblem(undefined)
    try {
      const title = titleOf(preview, kinds, wish)
      const changed = await engine.swap.apply(title, wish, { pictures: true, timed }, told)
      // Layers of another network have other names.
      if (changed) {
        setWish({ ...wish, layers: undefined })
        change(changed)
      }
    } catch (error) {
      fail(error)
    } finally {
      setWork(undefined)
    }
  }
  return {
    ...{ wish, kinds, preview, isBusy, work, problem, swap },
    want(next) {
      setProblem(undefined)
      // Another kind reaches as far as it does.
      free.choose({ kind: false, ...(next.amount && { amount: next.kind !== undefined }) })
      setWish({ ...wish, ...next })
    },
    stop: () => void engine.swap.stop(),
  }
}

const isSame = (a: SwapWish, b: SwapWish) => JSON.stringify(a) === JSON.stringify(b)

function titleOf(preview: SwapPreview | undefined, kinds: readonly SwapKind[], wish: SwapWish): string {
  const title = kinds.find(({ name }) => name === wish.kind)?.title ?? wish.kind
  const count = preview?.outcome?.rows.length
  return count === undefined
    ? `Layers swapped for ${title}`
    : `${count} ${count === 1 ? 'layer' : 'layers'} swapped for ${title}`
}
