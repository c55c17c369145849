import { proxy } from 'comlink'
import { startTransition, useEffect, useState } from 'react'
import { Closed, engine } from '../../engine/client.ts'
import { readerOf, trainWish } from '../../engine/session/wishes.ts'
import type { EpochPoint, FormSchema, Stopped, TrainPoint, TrainWish } from '../../engine/train/types.ts'
import { tellWork, timeText, type Work } from '../../parts/works.ts'
import { usePictures } from '../../pictures/pictures.ts'
import { useKept } from '../../session-settings.ts'
import { useStore } from '../../store.ts'

/** A training as it goes. */
export interface Progress {
  readonly points: readonly TrainPoint[]
  readonly epochs: readonly EpochPoint[]
}

export interface Training {
  readonly schema: FormSchema | undefined
  readonly wish: TrainWish
  readonly progress: Progress | undefined
  /** One that can go on. */
  readonly stopped: Stopped | undefined
  readonly problem: string | undefined
  want(wish: Partial<TrainWish>): void
  train(goesOn: boolean): Promise<void>
}

const asFirst: TrainWish = { recipe: { epochs: 5 }, newHead: false, teach: false }

/** Closed engines have nothing to say. */
const messageOf = (error: unknown) => (error instanceof Closed ? undefined : (error as Error).message)

/** More are drawn as every second one. */
const mostPoints = 400

function withPoint(points: readonly TrainPoint[], point: TrainPoint): TrainPoint[] {
  const thinner = points.length < mostPoints ? points : points.filter((_, i) => i % 2 === 0)
  return [...thinner, point]
}

const stop = () => void engine.train.stop()

/** @param first the update that was told of first, and when, in milliseconds */
function workOf({ epoch, step, steps, loss }: TrainPoint, first: { readonly step: number; readonly ms: number }): Work {
  const done = step - first.step
  const left = done > 0 && timeText(((performance.now() - first.ms) * (steps - step)) / done / 1000)
  const what = `Epoch ${Math.ceil(epoch)}, step ${step} of ${steps}, loss ${loss.toPrecision(3)}${left ? `, about ${left} left` : ''}`
  return { what, done: step, total: steps, stop }
}

/** The open network, trained on the pictures of the page. */
export function useTraining(): Training {
  const network = useStore((s) => s.network)
  const change = useStore((s) => s.change)
  const { told, turn } = usePictures()
  const [schema, setSchema] = useState<FormSchema>()
  const [wish, setWish] = useKept('train', asFirst, readerOf(trainWish))
  const [progress, setProgress] = useState<Progress>()
  const [stopped, setStopped] = useState<Stopped>()
  const [problem, setProblem] = useState<string>()
  const fail = (error: unknown) => setProblem(messageOf(error))
  useEffect(
    () =>
      void engine.train.schema().then(
        (found) => startTransition(() => setSchema(found)),
        (error) => setProblem(messageOf(error)),
      ),
    [],
  )
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was wrong is of a network and of pictures
  useEffect(() => setProblem(undefined), [network, turn])
  const isTraining = progress !== undefined
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was stopped is of a network and of pictures
  useEffect(() => {
    if (!told || isTraining) return setStopped(undefined)
    let isLate = false
    engine.train.stopped().then((found) => isLate || setStopped(found), fail)
    return () => {
      isLate = true
    }
  }, [network, told, turn, isTraining])
  return {
    ...{ schema, wish, progress, stopped, problem },
    want(next) {
      setProblem(undefined)
      setWish({ ...wish, ...next })
    },
    async train(goesOn) {
      setProblem(undefined)
      setProgress({ points: [], epochs: [] })
      tellWork('training', { what: 'Making the network ready', done: 0, stop })
      let first: { readonly step: number; readonly ms: number } | undefined
      let shown = 0
      let isOver = false
      const step = proxy((point: TrainPoint) => {
        // The eye sees no more.
        if (performance.now() - shown < 100 && point.step < point.steps) return
        if (isOver) return
        shown = performance.now()
        first ??= { step: point.step, ms: shown }
        tellWork('training', workOf(point, first))
        setProgress((now) => now && { ...now, points: withPoint(now.points, point) })
      })
      const epoch = proxy((point: EpochPoint) =>
        setProgress((now) => now && { ...now, epochs: [...now.epochs, point] }),
      )
      try {
        const changed = await engine.train.apply(wish, goesOn, step, epoch)
        if (changed) change(changed)
      } catch (error) {
        fail(error)
      } finally {
        isOver = true
        tellWork('training', undefined)
        setProgress(undefined)
      }
    },
  }
}
