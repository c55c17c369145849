import { startTransition, useEffect, useRef, useState } from 'react'
import { Closed } from '../engine/client.ts'
import type { Free } from '../engine/first-amount.ts'
import type { Network } from '../engine/types.ts'
import { useKept } from '../session-settings.ts'
import { useStore } from '../store.ts'
import { useFree } from './use-free.ts'

/** Sliders move more often than networks are changed. */
const waitMs = 150

/** What the engine said, and of which network. */
interface Told<P> {
  readonly of: Network | undefined
  readonly preview?: P
  readonly problem?: string
}

/**
 * A view's wish, which sessions keep, and what it would make of the open network, as soon as the wish stands still.
 * @param name in a session's file
 * @param ask the engine, which may choose what nobody has chosen; undefined where it was asked for something else meanwhile
 * @param also what else a preview depends on
 */
export function usePreview<W, P extends { readonly wish: W }>(
  name: string,
  asFirst: W,
  read: (value: unknown) => W | undefined,
  ask: (wish: W, free: Free) => Promise<P | undefined>,
  also: readonly unknown[] = [],
) {
  const network = useStore((s) => s.network)
  const [wish, setWish] = useKept(name, asFirst, read)
  const [isBusy, setBusy] = useState(true)
  const [told, setTold] = useState<Told<P>>({ of: undefined })
  // Of a step that is no longer open nothing is shown.
  const { preview, problem }: Told<P> = told.of === network ? told : { of: network }
  const turn = useRef(0)
  const free = useFree(network, wish === asFirst)
  /** The wish that the engine chose: its preview is there. */
  const shown = useRef<W>(undefined)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another network has other previews
  useEffect(() => {
    const isShown = shown.current === wish
    shown.current = undefined
    if (isShown) return undefined
    const own = ++turn.current
    const tell = (next: Told<P>) =>
      // Rows of hundreds of layers are made piece by piece, since the page answers meanwhile.
      startTransition(() => {
        setTold(next)
        setBusy(false)
      })
    setBusy(true)
    const timer = setTimeout(async () => {
      try {
        const found = await ask(wish, free.now())
        if (!found || own !== turn.current) return
        if (JSON.stringify(found.wish) !== JSON.stringify(wish)) {
          shown.current = found.wish
          setWish(found.wish)
        }
        tell({ of: network, preview: found })
      } catch (error) {
        if (own === turn.current && !(error instanceof Closed))
          tell({ of: network, preview, problem: (error as Error).message })
      }
    }, waitMs)
    return () => clearTimeout(timer)
  }, [wish, network, ...also])
  return {
    ...{ wish, preview, isBusy },
    /** Why the wish cannot be fulfilled, as the library says it. */
    problem,
    /** @param chosen parts of the wish that somebody has chosen */
    want(next: Partial<W>, chosen: Partial<Free> = {}) {
      free.choose(chosen)
      setWish({ ...wish, ...next })
    },
  }
}
