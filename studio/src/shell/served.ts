import type { ServedFile } from '../engine/model-source.ts'

/** What the server of this page says of itself: `given.json`, which is empty in a folder that any server serves. */
export interface Served {
  /** Whether it is the server of `kerf studio`. */
  readonly byKerf: boolean
  /** The model that it was given, and its external data; none: no model. A file that is gone has no tag. */
  readonly files: readonly ServedFile[]
}

/** Asks the server. */
export async function servedNow(): Promise<Served> {
  const response = await fetch('./given.json')
  const { served = false, files = [] } = (await response.json()) as {
    served?: boolean
    files?: readonly { readonly name: string; readonly size?: number; readonly tag?: string }[]
  }
  return {
    byKerf: served,
    files: files.map(({ name, size = 0, tag = '' }, i) => ({
      ...{ name, size, tag },
      url: new URL(`./given/${i}`, location.href).href,
    })),
  }
}
