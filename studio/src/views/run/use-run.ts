import { transfer } from 'comlink'
import { useEffect, useRef, useState } from 'react'
import { Closed, engine } from '../../engine/client.ts'
import type { RunResult } from '../../engine/run-types.ts'
import { readerOf, runInput } from '../../engine/session/wishes.ts'
import { useKept } from '../../session-settings.ts'
import { useStore } from '../../store.ts'
import { usualThreads } from '../../threads.ts'

/** What a network is run on: a picture that can be decoded, or numbers that a seed draws. */
export type RunInput =
  | { readonly kind: 'image'; readonly blob: Blob }
  | { readonly kind: 'random'; readonly seed: number }

export interface Running {
  readonly result: RunResult | undefined
  readonly input: RunInput | undefined
  /** Where the image that was run on can be seen; undefined for random numbers. */
  readonly url: string | undefined
  readonly isRunning: boolean
  /** As the library, or the browser, says it. */
  readonly error: string | undefined
  run(input: RunInput): Promise<void>
}

const readInput = readerOf(runInput)

/** Runs of the open network, the last of which counts. Another step of it, or another size of its inputs, is run on the same input as soon as it is looked at. */
export function useRun(): Running {
  const network = useStore((s) => s.network)
  const [input, setInput] = useKept<RunInput | undefined>('run', undefined, readInput)
  const [state, setState] = useState<Omit<Running, 'run' | 'input' | 'url'>>(nothing)
  const url = useUrl(input)
  const turn = useRef(0)
  /** Which network was run last. */
  const of = useRef<typeof network>(undefined)
  const run = async (input: RunInput) => {
    const own = ++turn.current
    of.current = network
    setState((before) => ({ ...before, isRunning: true, error: undefined }))
    try {
      const image = input.kind === 'image' ? await decoded(input.blob) : undefined
      const wish = { threads: usualThreads(), seed: input.kind === 'random' ? input.seed : 0 }
      const result = await engine.run.once(image ? transfer({ ...wish, image }, [image]) : wish)
      if (own !== turn.current) return
      setInput(input)
      setState({ result, isRunning: false, error: undefined })
    } catch (error) {
      if (own === turn.current && !(error instanceof Closed))
        setState((before) => ({ ...before, isRunning: false, error: (error as Error).message }))
    }
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: results of another network say nothing of this one
  useEffect(() => {
    if (of.current === network) return
    turn.current++
    setState(nothing)
    if (input) void run(input)
  }, [network])
  return { ...state, input, url, run }
}

const nothing = { result: undefined, isRunning: false, error: undefined }

/** Where an image can be seen; undefined for random numbers. */
function useUrl(input: RunInput | undefined): string | undefined {
  const [url, setUrl] = useState<string>()
  useEffect(() => {
    const own = input?.kind === 'image' ? URL.createObjectURL(input.blob) : undefined
    setUrl(own)
    return () => {
      if (own) URL.revokeObjectURL(own)
    }
  }, [input])
  return url
}

/** @throws Error that says what a picture is */
async function decoded(blob: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(blob)
  } catch {
    const name = blob instanceof File ? blob.name : 'The file'
    throw new Error(`${name} cannot be read as an image. Take a PNG, JPEG, WebP, AVIF or GIF file.`)
  }
}
