// The page that `kerf bench --browser` opens: Kerf as a browser runs it, bundled into one file by the build.

import { inMemory, readModel } from '../../api/graph.ts'
import { createSession, type Feeds, fromStored, type Session, timeInTurns } from '../../api/runtime.ts'
import type { ElementType } from '../../base/index.ts'
import type { BrowserAnswer, BrowserJob } from './browser-job.ts'

const bytesOf = async (path: string) => {
  const response = await fetch(path)
  if (!response.ok) throw new Error(`${path}: ${response.status} ${response.statusText}`)
  return new Uint8Array(await response.arrayBuffer())
}

async function work(): Promise<BrowserAnswer> {
  const { threads, seconds, models }: BrowserJob = await (await fetch('/job')).json()
  const notices: [number, string][] = []
  const contenders: { readonly session: Session; readonly feeds: Feeds }[] = []
  for (const [i, { feeds: inputs }] of models.entries()) {
    const feeds: Feeds = Object.fromEntries(
      await Promise.all(
        inputs.map(async ({ name, elementType, shape }, j) => {
          const data = inMemory(await bytesOf(`/feed/${i}/${j}`))
          return [name, fromStored({ elementType: elementType as ElementType, shape, data })] as const
        }),
      ),
    )
    const session = await createSession(readModel(await bytesOf(`/model/${i}`)), {
      threads,
      inputShapes: new Map(inputs.map(({ name, shape }) => [name, shape])),
      onNotice: (text) => notices.push([i, text]),
    })
    contenders.push({ session, feeds })
  }
  const timings = await timeInTurns(
    contenders.map(({ session, feeds }) => ({
      async step() {
        await session.run(feeds)
      },
    })),
    seconds,
  )
  return { timings, threads: contenders[0]?.session.threads ?? 1, userAgent: navigator.userAgent, notices }
}

const answer = await work().catch((error): BrowserAnswer => ({ error: String(error?.message ?? error) }))
await fetch('/answer', { method: 'POST', body: JSON.stringify(answer) })
