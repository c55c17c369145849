import { type OrtInterface, type OrtNetwork, openOrt } from 'kerf/workflow'
import { buffersOf, type PeerAnswer, type PeerQuestion } from './peer-messages.ts'

/*
 * Another runtime, in a worker of its own: it gets the bytes of a model and inputs, and nothing else of the page.
 */

let network: OrtNetwork | undefined
/** Where its files are: messages name them without. */
let folder = ''

async function answer(question: PeerQuestion): Promise<PeerAnswer> {
  if (question.kind === 'run') return { kind: 'ran', outputs: await network!.run(question.feeds) }
  const { script, bytes, threads } = question
  folder = new URL('.', script).href
  const module = (await import(/* @vite-ignore */ script).catch((error: unknown) => {
    throw new Error(`its script cannot be loaded (${(error as Error).message})`)
  })) as OrtInterface
  network = await openOrt(bytes, { module, threads, name: 'ort-web' })
  return { kind: 'opened', version: network.version }
}

self.onmessage = async ({ data }: MessageEvent<PeerQuestion>) => {
  const answered = await answer(data).catch((error: unknown): PeerAnswer => {
    const why = error instanceof Error ? error.message : String(error)
    return { kind: 'failed', why: folder === '' ? why : why.replaceAll(folder, '') }
  })
  self.postMessage(answered, { transfer: answered.kind === 'ran' ? buffersOf(answered.outputs) : [] })
}
