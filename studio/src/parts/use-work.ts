import { proxy } from 'comlink'
import { useState } from 'react'
import { Closed } from '../engine/client.ts'
import type { Changed } from '../engine/steps.ts'
import type { WorkState } from '../engine/swap-types.ts'
import { useStore } from '../store.ts'

/** Long work that makes another step of the open network: how far it is, and why it failed, as the library says it. */
export function useWork() {
  const change = useStore((s) => s.change)
  const [work, setWork] = useState<WorkState>()
  const [problem, setProblem] = useState<string>()
  const fail = (error: unknown) => {
    if (!(error instanceof Closed)) setProblem((error as Error).message)
  }
  return {
    ...{ work, problem, fail },
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
      setWork({ what, done: 0 })
      setProblem(undefined)
      try {
        // What is told when it is done already comes too late.
        const changed = await act(proxy((state) => setWork((now) => now && state)))
        if (!changed) return
        then?.()
        change(changed)
      } catch (error) {
        fail(error)
      } finally {
        setWork(undefined)
      }
    },
  }
}
