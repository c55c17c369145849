import { createProgram, createSession, type Runtime } from 'kerf/runtime'
import workerUrl from 'kerf/worker?url'

const url = new URL(workerUrl, self.location.href)

/** What runs networks for the library here: its threads start from a file of the page, whose policy allows no others. */
export const threadedRuntime: Runtime = {
  createSession: (model, options) => createSession(model, { ...options, workerUrl: url }),
  createProgram: (model, inputShapes, options) => createProgram(model, inputShapes, { ...options, workerUrl: url }),
}
