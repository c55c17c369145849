import type { ServedFile } from '../engine/model-source.ts'
import type { Peer } from '../engine/peer-messages.ts'

/** What the server of this page says of itself: `given.json`, which is empty in a folder that any server serves. */
export interface Served {
  /** Whether it is the server of `kerf studio`. */
  readonly byKerf: boolean
  /** The model that it was given, and its external data; none: no model. A file that is gone has no tag. */
  readonly files: readonly ServedFile[]
  /** Another runtime, which the command was given. */
  readonly peer?: Peer
}

/** Asks the server. */
export async function servedNow(): Promise<Served> {
  const response = await fetch('./given.json')
  const {
    served = false,
    files = [],
    peer,
  } = (await response.json()) as {
    served?: boolean
    peer?: Peer
    files?: readonly { readonly name: string; readonly size?: number; readonly tag?: string }[]
  }
  const at = (path: string) => new URL(path, location.href).href
  return {
    byKerf: served,
    files: files.map(({ name, size = 0, tag = '' }, i) => ({ ...{ name, size, tag }, url: at(`./given/${i}`) })),
    peer: peer && { name: peer.name, script: at(`./${peer.script}`) },
  }
}
