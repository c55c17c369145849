import { isConcrete, type Task } from '../../base/index.ts'
import { graphInputs, type Model, type ValueInfo } from '../../graph/index.ts'
import { hostTensor, openSession, type RunningOptions, timeInTurns } from '../../runtime/index.ts'

/** How long networks are measured, each. */
const seconds = 1

/**
 * Median time of a run, one image, on one thread, the networks in turns.
 * @param imageShape of one image, as the networks take it
 */
export async function timesOf(
  models: readonly Model[],
  imageShape: readonly number[],
  running: RunningOptions,
  task: Task,
): Promise<number[]> {
  const sessions = []
  try {
    for (const model of models) {
      const [{ name, type }] = graphInputs(model.graph) as [ValueInfo]
      const declared = type?.kind === 'tensor' ? type.shape : undefined
      const shape = isConcrete(declared) ? declared : [1, ...imageShape]
      const elementType = type?.kind === 'tensor' ? type.elementType : 'float32'
      const values = new Float32Array(shape.reduce((p, d) => p * d, 1)).fill(0.5)
      const options = { onNotice: () => {}, ...running, threads: 1, signal: task.signal }
      const session = await openSession(model, options, { inputShapes: new Map([[name, shape]]) })
      sessions.push({ session, feeds: { [name]: hostTensor(elementType, shape, values) } })
    }
    const steps = sessions.map(({ session, feeds }) => ({
      async step() {
        await session.run(feeds)
      },
    }))
    return (await timeInTurns(steps, seconds * models.length, task)).map((t) => t.medianMs)
  } finally {
    for (const { session } of sessions) await session.dispose()
  }
}
