/**
 * An error that the user can act on. `code` says which kind (stable, for programs), `details` carries the facts (operator, node,
 * expected, received …), `message` is one or two sentences that name the place and the remedy.
 */
export class KerfError extends Error {
  readonly code: string
  readonly details: Readonly<Record<string, unknown>>
  constructor(code: string, message: string, details: Record<string, unknown> = {}) {
    super(message)
    this.name = 'KerfError'
    this.code = code
    this.details = details
  }
}

/** What went wrong at one node of a graph; the text is composed here only. */
export interface NodeProblem {
  readonly opType: string
  readonly node: string
  readonly problem: string
  readonly shapes?: Readonly<Record<string, readonly (number | string)[] | undefined>>
  readonly remedy?: string
}

/** `Conv "layer3/conv1": 32 input channels ≠ weight 16 × groups 1; x [1,32,28,28], w [64,16,3,3]. Remedy.` */
export class NodeError extends KerfError {
  constructor(code: string, at: NodeProblem) {
    const shapes = Object.entries(at.shapes ?? {})
      .map(([name, shape]) => `${name} [${shape ? shape.join(',') : '?'}]`)
      .join(', ')
    const place = `${at.opType} "${at.node}"`
    super(code, `${place}: ${at.problem}${shapes ? `; ${shapes}` : ''}.${at.remedy ? ` ${at.remedy}` : ''}`, { ...at })
    this.name = 'NodeError'
  }
}
