/** A cell that reads differently in different media. */
export interface RichCell {
  readonly text: string
  /** In LaTeX's math mode. */
  readonly latex?: string
}

/** A number that leaves something out: a sum is larger in truth, a ratio is of what is counted. */
export interface PartialNumber {
  readonly value: number
  readonly partial: true
}

/** Null: not known. */
export type Cell = string | number | null | RichCell | PartialNumber

/** A number, marked where it leaves something out. */
export const countOrPartial = (value: number, partial: boolean): Cell => (partial ? { value, partial: true } : value)

/** For people: what the marks of such numbers mean. */
export const partialNote = '≥, *: of what is counted; some nodes are not in it.'

export interface Column {
  /** Name for programs: the header in CSV. */
  readonly key: string
  readonly header: string
  /** How cells read: counts with thousands separators, ratios with four digits, text as it is. Default: text. */
  readonly kind?: 'text' | 'count' | 'ratio'
  /** Of text; numbers stand on the right. */
  readonly align?: 'right'
  /** May be shortened in its middle where the terminal is too narrow. */
  readonly shorten?: boolean
  /** Sentences, which take several lines where the terminal is too narrow, or the table wider than a page. Not with `shorten`. */
  readonly wrap?: boolean
  /** May be left out where the terminal is too narrow: the largest number first (true: 1), of equal ones the last; those above 1 before names are shortened. */
  readonly optional?: boolean | number
  /** Columns of one group are left out together. */
  readonly group?: string
  /** On a page shown only when asked for. */
  readonly detail?: boolean
  /** Drawn as a bar behind the number in HTML, scaled to the largest of the column. */
  readonly bar?: boolean
}

export interface Table {
  readonly title?: string
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Cell[])[]
  readonly total?: readonly Cell[]
  readonly notes?: readonly string[]
}

/** A page: facts on top, then tables. */
export interface Report {
  readonly title: string
  /** Headline numbers and circumstances, as label and value. */
  readonly facts: readonly (readonly [label: string, value: string])[]
  readonly tables: readonly Table[]
  readonly notes?: readonly string[]
}
