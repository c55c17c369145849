import type { Feeds, HostTensor } from 'kerf/runtime'
import { type OrtInterface, type OrtRuntime, type OrtSession, ortRuntime } from 'kerf/workflow'
import { buffersOf, type PeerAnswer, type PeerQuestion } from './peer-messages.ts'

/*
 * Another runtime, in a worker of its own: it gets the bytes of a model and inputs, and nothing else of the page.
 */

/** Where its files are: messages name them without. */
let folder = ''
let runtime: OrtRuntime | undefined
let session: OrtSession | undefined

async function answer(question: PeerQuestion): Promise<PeerAnswer> {
  if (question.kind === 'run') return { kind: 'ran', outputs: await run(question.feeds) }
  const { script, bytes, threads } = question
  folder = new URL('.', script).href
  const module = (await import(/* @vite-ignore */ script).catch((error: unknown) => {
    throw new Error(`its script cannot be loaded (${(error as Error).message})`)
  })) as OrtInterface
  runtime = ortRuntime({ module, threads, name: 'ort-web' })
  session = await runtime.open(bytes)
  return { kind: 'opened', version: runtime.version }
}

/** What a tensor of ONNX Runtime says of itself. */
interface OrtTensor {
  readonly type: string
  readonly dims: readonly number[]
  readonly data: unknown
}

/** Outputs by name, those of texts left out. */
async function run(feeds: Feeds): Promise<Feeds> {
  const made = (await session!.run(runtime!.tensors(feeds))) as Readonly<Record<string, OrtTensor>>
  return Object.fromEntries(
    Object.entries(made)
      .filter(([, { type }]) => type !== 'string')
      // ONNX Runtime names element types as we do, and holds them in the same arrays.
      .map(([name, { type, dims, data }]) => [name, { elementType: type, shape: dims, data } as HostTensor]),
  )
}

self.onmessage = async ({ data }: MessageEvent<PeerQuestion>) => {
  const answered = await answer(data).catch((error: unknown): PeerAnswer => {
    const why = error instanceof Error ? error.message : String(error)
    return { kind: 'failed', why: folder === '' ? why : why.replaceAll(folder, '') }
  })
  self.postMessage(answered, { transfer: answered.kind === 'ran' ? buffersOf(answered.outputs) : [] })
}
