/** A cell that reads differently in different media. */
export interface RichCell {
  /** As it reads everywhere but in LaTeX. */
  readonly text: string
  /** In LaTeX's math mode. */
  readonly latex?: string
}

/** A number that leaves something out: a sum is larger in truth, a ratio is of what is counted. */
export interface PartialNumber {
  /** What is counted. */
  readonly value: number
  readonly partial: true
}

/** Null: not known. */
export type Cell = string | number | null | RichCell | PartialNumber

/** A number, marked where it leaves something out. */
export const countOrPartial = (value: number, partial: boolean): Cell => (partial ? { value, partial: true } : value)

/** For people: what the marks of such numbers mean. */
export const partialNote = '≥, *: of what is counted; some nodes are not in it.'

/** What stands in a column, and how. */
export interface Column {
  /** Name for programs: the header in CSV. */
  readonly key: string
  /** Name for people. */
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

/** Rows of cells beneath headers. */
export interface Table {
  /** Above the table; none by default. */
  readonly title?: string
  /** From left to right. */
  readonly columns: readonly Column[]
  /** A cell per column. */
  readonly rows: readonly (readonly Cell[])[]
  /** A last row, set apart; none by default. */
  readonly total?: readonly Cell[]
  /** Sentences below. */
  readonly notes?: readonly string[]
}

/** A page: facts on top, then tables. */
export interface Report {
  /** The headline. */
  readonly title: string
  /** Headline numbers and circumstances, as label and value. */
  readonly facts: readonly (readonly [label: string, value: string])[]
  /** In order. */
  readonly tables: readonly Table[]
  /** Sentences at the end. */
  readonly notes?: readonly string[]
}
