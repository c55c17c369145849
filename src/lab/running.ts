import type { Model } from '../graph/index.ts'
import {
  type Feeds,
  type HostTensor,
  hostValues,
  openSession,
  type Session,
  type SessionOptions,
} from '../runtime/index.ts'
import type { LabContext } from './experiment.ts'

/** A session as the context has it; what did not go as asked is an error here, since it would change what is measured. */
export function openMeasured(
  model: Model,
  { runtime, threads, signal }: LabContext,
  options: Pick<SessionOptions, 'winograd' | 'sparse' | 'native'> = {},
): Promise<Session> {
  return openSession(model, { runtime, threads, signal, onNotice: fail }, options)
}

function fail(notice: string): never {
  throw new Error(`The experiment was not run as planned: ${notice}`)
}

/** Runs a network once. */
export async function runOnce(
  model: Model,
  feeds: Readonly<Record<string, HostTensor>>,
  context: LabContext,
): Promise<ReadonlyMap<string, Float64Array>> {
  const session = await openMeasured(model, context)
  try {
    const outputs = await session.run(feeds, { signal: context.signal })
    return new Map(Object.entries(outputs).map(([name, tensor]) => [name, hostValues(tensor)]))
  } finally {
    await session.dispose()
  }
}

/** What the activations of a network take in the plan that Kerf makes, inputs and outputs with them. */
export async function activationBytes(model: Model, feeds: Feeds, context: LabContext): Promise<number> {
  const session = await openMeasured(model, context)
  try {
    await session.run(feeds, { signal: context.signal })
    return session.memory?.arena ?? Number.NaN
  } finally {
    await session.dispose()
  }
}
