import type { Model } from '../graph/index.ts'
import { createSession, type HostTensor, hostValues, type Session, type SessionOptions } from '../runtime/index.ts'
import type { LabContext } from './experiment.ts'

/** A session as the context has it; what did not go as asked is an error here, since it would change what is measured. */
export function openSession(
  model: Model,
  { runtime, threads, signal }: LabContext,
  options: Pick<SessionOptions, 'winograd'> = {},
): Promise<Session> {
  const create = runtime?.createSession ?? createSession
  return create(model, { ...options, signal, threads: threads ?? 1, onNotice: fail })
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
  const session = await openSession(model, context)
  try {
    const outputs = await session.run(feeds, { signal: context.signal })
    return new Map(Object.entries(outputs).map(([name, tensor]) => [name, hostValues(tensor)]))
  } finally {
    session.dispose()
  }
}
