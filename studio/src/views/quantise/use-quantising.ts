import { useEffect, useState } from 'react'
import { engine } from '../../engine/client.ts'
import type { Quantisable, QuantizeWish } from '../../engine/quantize-types.ts'
import { quantizeWish, readerOf } from '../../engine/session/wishes.ts'
import { useWork } from '../../parts/use-work.ts'
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
  readonly isWorking: boolean
  /** Why the last attempt failed, as the library says it. */
  readonly problem: string | undefined
  want(wish: Partial<QuantizeWish>): void
  quantise(): Promise<void>
}

const stop = () => void engine.quantize.stop()

/** The open network in codes: what for, and how. */
export function useQuantising(): Quantising {
  const network = useStore((s) => s.network)
  const [wish, setWish] = useKept('quantise', asFirst, readerOf(quantizeWish))
  const { told: pictures, most } = usePictures()
  const [told, setTold] = useState<{ readonly of: typeof network; readonly found: Quantisable }>()
  // Of a step that is no longer open nothing is shown.
  const found = told?.of === network ? told?.found : undefined
  const { isWorking, problem, forgive, fail, run } = useWork(stop)
  const count = Math.min(pictures?.count ?? 0, most)
  /** Until somebody chooses, what the network has. */
  const [isChosen, setChosen] = useState(wish !== asFirst)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another network has other layers
  useEffect(() => {
    let isLate = false
    engine.quantize.layers(wish, count).then(
      (layers) => {
        if (isLate) return
        setTold({ of: network, found: layers })
        if (!isChosen && layers.to !== wish.to) setWish({ ...wish, ...usual(layers.to) })
      },
      (error) => isLate || fail(error),
    )
    return () => {
      isLate = true
    }
  }, [wish, count, network, isChosen])
  return {
    ...{ wish, pictures: count, found, isWorking, problem },
    want(next) {
      forgive()
      if (next.to) setChosen(true)
      setWish({ ...wish, ...(next.to && usual(next.to)), ...next })
    },
    quantise: () => run('quantising', (told) => engine.quantize.apply(wish, told)),
  }
}

const usual = (to: QuantizeWish['to']): Pick<QuantizeWish, 'to' | 'bits'> => ({ to, bits: to === 'int8' ? 8 : 6 })
