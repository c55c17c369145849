import type { Feeds } from 'kerf/runtime'

/*
 * What the worker of another runtime is asked, and what it answers: one question at a time. Not by Comlink, whose own work would count in every run that is timed.
 */

/** Another runtime, which the server of the page was told to serve. */
export interface Peer {
  /** For people. */
  readonly name: string
  /** Address of its script. */
  readonly script: string
}

export type PeerQuestion =
  | { readonly kind: 'open'; readonly script: string; readonly bytes: Uint8Array; readonly threads: number }
  | { readonly kind: 'run'; readonly feeds: Feeds }

export type PeerAnswer =
  | { readonly kind: 'opened'; readonly version: string }
  | { readonly kind: 'ran'; readonly outputs: Feeds }
  | { readonly kind: 'failed'; readonly why: string }

/** What is handed over with tensors. */
export const buffersOf = (tensors: Feeds): ArrayBuffer[] => [
  ...new Set(Object.values(tensors).map(({ data }) => data.buffer as ArrayBuffer)),
]
