import { transfer } from 'comlink'
import { useEffect, useRef, useState } from 'react'
import { engine } from '../../engine/client.ts'
import type { RunResult } from '../../engine/run-types.ts'
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

/** Runs of the open network, the last of which counts. Another network, or another size of its inputs, forgets them. */
export function useRun(): Running {
  const network = useStore((s) => s.network)
  const [state, setState] = useState<Omit<Running, 'run'>>(nothing)
  const turn = useRef(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: results of another network say nothing of this one
  useEffect(() => {
    turn.current++
    setState((before) => {
      if (before.url) URL.revokeObjectURL(before.url)
      return nothing
    })
  }, [network])
  const run = async (input: RunInput) => {
    const own = ++turn.current
    setState((before) => ({ ...before, isRunning: true, error: undefined }))
    try {
      const image = input.kind === 'image' ? await decoded(input.blob) : undefined
      const wish = { threads: usualThreads(), seed: input.kind === 'random' ? input.seed : 0 }
      const result = await engine.run.once(image ? transfer({ ...wish, image }, [image]) : wish)
      if (own !== turn.current) return
      const url = input.kind === 'image' ? URL.createObjectURL(input.blob) : undefined
      setState((before) => {
        if (before.url) URL.revokeObjectURL(before.url)
        return { result, input, url, isRunning: false, error: undefined }
      })
    } catch (error) {
      if (own === turn.current) setState((before) => ({ ...before, isRunning: false, error: (error as Error).message }))
    }
  }
  return { ...state, run }
}

const nothing: Omit<Running, 'run'> = {
  ...{ result: undefined, input: undefined, url: undefined, isRunning: false, error: undefined },
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
