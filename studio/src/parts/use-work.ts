import { proxy } from 'comlink'
import { useEffect, useState } from 'react'
import { Closed } from '../engine/client.ts'
import type { Changed } from '../engine/steps.ts'
import type { WorkState } from '../engine/swap-types.ts'
import { usePictures } from '../pictures/pictures.ts'
import { useStore } from '../store.ts'
import { tellWork } from './works.ts'

/**
 * Long work that makes another step of the open network: whether it goes on, and why it failed, as the library says it.
 * @param stop absent where it cannot be stopped
 */
export function useWork(stop?: () => void) {
  const change = useStore((s) => s.change)
  const [isWorking, setWorking] = useState(false)
  const [problem, setProblem] = useState<string>()
  const network = useStore((s) => s.network)
  const pictures = usePictures((s) => s.turn)
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was wrong is of a network and of pictures
  useEffect(() => setProblem(undefined), [network, pictures])
  const fail = (error: unknown) => {
    if (!(error instanceof Closed)) setProblem((error as Error).message)
  }
  return {
    ...{ isWorking, problem, fail },
    forgive: () => setProblem(undefined),
    /**
     * @param what is done: `swapping`
     * @param act undefined where it was stopped
     * @param then comes before the step is shown
     */
    async run(
      what: string,
      act: (told: (state: WorkState) => void) => Promise<Changed | undefined>,
      then?: () => void,
    ) {
      let isOver = false
      const tell = (state: WorkState) => tellWork(what, { ...state, ...(stop && { stop }) })
      setWorking(true)
      setProblem(undefined)
      tell({ what, done: 0 })
      try {
        // What is told when it is done already comes too late.
        const changed = await act(proxy((state) => isOver || tell(state)))
        if (!changed) return
        then?.()
        change(changed)
      } catch (error) {
        fail(error)
      } finally {
        isOver = true
        tellWork(what, undefined)
        setWorking(false)
      }
    },
  }
}
