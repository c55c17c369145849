import type { Timing } from '../../api/runtime.ts'

/*
 * What the page that measures in a browser (browser-page.ts) is asked, as `/job`, and what it answers, to `/answer`.
 */

export interface BrowserJob {
  readonly threads: number
  readonly seconds: number
  /** Of each model: its bytes at `/model/N`, its inputs, whose elements are at `/feed/N/I`. */
  readonly models: readonly {
    readonly feeds: readonly {
      readonly name: string
      readonly elementType: string
      readonly shape: readonly number[]
    }[]
  }[]
}

export type BrowserAnswer =
  | {
      readonly timings: readonly Timing[]
      readonly threads: number
      readonly userAgent: string
      /** By model. */
      readonly notices: readonly (readonly [model: number, text: string])[]
    }
  | { readonly error: string }
