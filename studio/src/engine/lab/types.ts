import type { PickedFile } from '../model-source.ts'

/** A value that an experiment lets be set: a number, a switch, a text, or anything else as JSON. */
export interface LabField {
  readonly name: string
  readonly kind: 'number' | 'switch' | 'text' | 'json'
  /** As text. */
  readonly quick: string
  readonly full: string
}

/** An experiment, for people. Prose is HTML. */
export interface LabExperiment {
  readonly name: string
  readonly title: string
  readonly claim: string
  readonly derivation: readonly string[]
  readonly measures: string
  readonly source: string
  /** Of the quick settings, about. */
  readonly duration: string
  /** Whether it looks at pictures. */
  readonly takesImages: boolean
  /** What it does in Node alone. */
  readonly inNode?: string
  readonly fields: readonly LabField[]
}

/** Pictures of one's own, with labels. */
export interface LabPictures {
  readonly files: readonly PickedFile[]
  /** Those to test with; without any, a fifth of the others is for that. */
  readonly test: readonly PickedFile[]
  /** So many at most, evenly from all. */
  readonly most: number
}

/** What is to be run. */
export interface LabWish {
  readonly name: string
  readonly full: boolean
  readonly seed: number
  /** Of the fields, as texts. */
  readonly settings: Readonly<Record<string, string>>
  readonly threads: number
  /** By default they are generated. */
  readonly pictures?: LabPictures
}

/** A table of the library, its cells as text. */
export interface TextTable {
  readonly title?: string
  readonly columns: readonly { readonly header: string; readonly isNumeric: boolean }[]
  readonly rows: readonly (readonly string[])[]
  readonly notes: readonly string[]
}

/** What an experiment found. */
export interface LabOutcome {
  readonly name: string
  readonly holds: boolean
  readonly verdict: string
  readonly facts: readonly (readonly [label: string, value: string])[]
  readonly tables: readonly TextTable[]
  readonly checks: TextTable
  /** HTML. */
  readonly notes: readonly string[]
  /** In the page's colours; empty where there are none. */
  readonly charts: string
}

/** A size that formulas hold. */
export type FormulaLetter = 'H' | 'W' | 'C' | 'k' | 't' | 'r' | 'g' | 'n'

/** Which formulas, with which sizes. `r` is in sixteenths. */
export interface FormulaWish {
  readonly sizes: Readonly<Record<FormulaLetter, number>>
  /** Along which curves are drawn. */
  readonly along: FormulaLetter
  /** Keys of designs beside the regular one. */
  readonly only: readonly string[]
}

/** A design that formulas are known of. */
export interface FormulaDesign {
  readonly key: string
  readonly name: string
}

/** What the formulas come to. */
export interface FormulaResult {
  readonly tables: readonly TextTable[]
  /** In the page's colours. */
  readonly charts: string
  /** What does the same on the command line. */
  readonly command: string
}
