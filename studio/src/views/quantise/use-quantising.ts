import { proxy } from 'comlink'
import { useEffect, useState } from 'react'
import { Closed, engine } from '../../engine/client.ts'
import type { Quantisable, QuantizeWish } from '../../engine/quantize-types.ts'
import { quantizeWish, readerOf } from '../../engine/session/wishes.ts'
import type { WorkState } from '../../engine/swap-types.ts'
import { usePictures } from '../../pictures/pictures.ts'
import { useKept } from '../../session-settings.ts'
import { useStore } from '../../store.ts'

const asFirst: QuantizeWish = { to: 'adder', bits: 6, range: 'mse', biasCorrection: false, equalise: false }

export interface Quantising {
  readonly wish: QuantizeWish
  /** How many are looked at. */
  readonly pictures: number
  /** What can be quantised of the open network. */
  readonly found: Quantisable | undefined
  /** What is being done. */
  readonly work: WorkState | undefined
  /** Why the last attempt failed, as the library says it. */
  readonly problem: string | undefined
  want(wish: Partial<QuantizeWish>): void
  quantise(): Promise<void>
  stop(): void
}

/** The open network in codes: what for, and how. */
export function useQuantising(): Quantising {
  const network = useStore((s) => s.network)
  const change = useStore((s) => s.change)
  const [wish, setWish] = useKept('quantise', asFirst, readerOf(quantizeWish))
  const { told, most } = usePictures()
  const [found, setFound] = useState<Quantisable>()
  const [work, setWork] = useState<WorkState>()
  const [problem, setProblem] = useState<string>()
  const count = Math.min(told?.count ?? 0, most)
  /** Until somebody chooses, what the network has. */
  const [isChosen, setChosen] = useState(wish !== asFirst)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another network has other layers
  useEffect(() => {
    let isLate = false
    engine.quantize.layers(wish, count).then(
      (layers) => {
        if (isLate) return
        setFound(layers)
        if (!isChosen && layers.to !== wish.to) setWish({ ...wish, ...usual(layers.to) })
      },
      (error) => isLate || error instanceof Closed || setProblem((error as Error).message),
    )
    return () => {
      isLate = true
    }
  }, [wish, count, network, isChosen])
  return {
    ...{ wish, pictures: count, found, work, problem },
    want(next) {
      setProblem(undefined)
      if (next.to) setChosen(true)
      setWish({ ...wish, ...(next.to && usual(next.to)), ...next })
    },
    async quantise() {
      setWork({ what: 'quantising', done: 0 })
      // What is told when it is done already comes too late.
      const told = proxy((state: WorkState) => setWork((now) => now && state))
      setProblem(undefined)
      try {
        const changed = await engine.quantize.apply(wish, told)
        if (changed) change(changed)
      } catch (error) {
        if (!(error instanceof Closed)) setProblem((error as Error).message)
      } finally {
        setWork(undefined)
      }
    },
    stop: () => void engine.quantize.stop(),
  }
}

const usual = (to: QuantizeWish['to']): Pick<QuantizeWish, 'to' | 'bits'> => ({ to, bits: to === 'int8' ? 8 : 6 })
