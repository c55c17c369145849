// A process that trains nothing but writes as a training does, to be killed at any moment: `killed.test.ts` runs it.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createRunFolder, openRunFolder } from './run-folder.node.ts'

/** What the weights are after `step` updates, so that a mixture of two checkpoints would be seen. */
export const weightsAfter = (step: number): Float32Array =>
  Float32Array.from({ length: 20_000 }, (_, i) => Math.fround(Math.sin(step * 20_000 + i)))

export function writeForever(path: string, say: (step: number) => void): never {
  const run = existsSync(join(path, 'recipe.json')) ? openRunFolder(path) : createRunFolder(path, { epochs: 1 })
  let step = run.latestCheckpoint()?.state.step ?? 0
  run.resumeAt(step)
  for (;;) {
    step++
    run.log({ step, epoch: step, loss: 1 / step })
    const arrays = new Map([['w', weightsAfter(step)]])
    run.saveCheckpoint({
      state: { step },
      sections: { weights: arrays, optimiser: new Map([['steps', Float64Array.of(step)]]) },
    })
    say(step)
  }
}
