import { constants } from 'node:os'

type StopSignal = 'SIGINT' | 'SIGTERM'

/** The last signal that asked this process to stop. */
let received: StopSignal = 'SIGINT'

/** The exit status of a command that stopped because it was asked to: 128 + the signal's number, as shells count (130 after Ctrl-C). */
export const stopStatus = (): number => 128 + constants.signals[received]

/** A signal that is given by Ctrl-C (or `kill`); the second time the process ends at once. */
export function stopOnSignal(): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController()
  const listeners = (['SIGINT', 'SIGTERM'] as const).map((name) => {
    const listener = () => {
      received = name
      if (controller.signal.aborted) process.exit(stopStatus())
      controller.abort()
    }
    process.on(name, listener)
    return [name, listener] as const
  })
  return {
    signal: controller.signal,
    end: () => {
      for (const [name, listener] of listeners) process.off(name, listener)
    },
  }
}
