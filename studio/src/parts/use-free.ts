import { useRef } from 'react'
import type { Free } from '../engine/first-amount.ts'
import type { Network } from '../engine/types.ts'

/**
 * What of a view's wish nobody has chosen for the network that is open: there the engine may choose what can be reached.
 * @param isAsFirst whether the wish is the one that every network begins with
 */
export function useFree(network: Network | undefined, isAsFirst: boolean) {
  const of = useRef({ network, free: { amount: isAsFirst, kind: isAsFirst } })
  // Of another step nothing was chosen yet.
  if (of.current.network !== network) of.current = { network, free: { amount: true, kind: true } }
  return {
    now: () => of.current.free,
    /** @param parts of the wish that somebody has chosen */
    choose(parts: Partial<Free>) {
      of.current = { network, free: { ...of.current.free, ...parts } }
    },
  }
}
