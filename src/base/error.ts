import { shortened } from './text.ts'

/**
 * An error that the user can act on. `code` says which kind (stable, for programs), `details` carries the facts (operator, node,
 * expected, received …), `message` is one or two sentences that name the place and the remedy.
 */
export class KerfError extends Error {
  /** Which kind of error, in a word that does not change: `not-found`, `wrong-shape` … */
  readonly code: string
  /** The facts of the message, for programs. */
  readonly details: Readonly<Record<string, unknown>>
  /**
   * An error of one of Kerf's kinds.
   * @param code which kind
   * @param message what, where, and what to do
   * @param details the facts; none by default
   */
  constructor(code: string, message: string, details: Record<string, unknown> = {}) {
    super(shortened(message))
    this.name = 'KerfError'
    this.code = code
    this.details = details
  }
}

/** What went wrong at one node of a graph; the text is composed here only. */
export interface NodeProblem {
  /** The node's ONNX operator. */
  readonly opType: string
  /** Its name, or that of its first output. */
  readonly node: string
  /** What is wrong, as part of a sentence. */
  readonly problem: string
  /** Shapes to be shown, by the names of the tensors in ONNX's documentation of the operator. */
  readonly shapes?: Readonly<Record<string, readonly (number | string)[] | undefined>>
  /** What to do, in a sentence. */
  readonly remedy?: string
}

/**
 * What is wrong at one node of a graph, with operator, name and shapes:
 * `Conv "layer3/conv1": 32 input channels ≠ weight 16 × groups 1; x [1,32,28,28], w [64,16,3,3]. Remedy.`
 */
export class NodeError extends KerfError {
  /**
   * An error at a node; `details` are the problem's fields.
   * @param code which kind
   */
  constructor(code: string, at: NodeProblem) {
    const shapes = Object.entries(at.shapes ?? {})
      .map(([name, shape]) => `${name} [${shape ? shape.join(',') : '?'}]`)
      .join(', ')
    const place = `${at.opType} "${at.node}"`
    super(code, `${place}: ${at.problem}${shapes ? `; ${shapes}` : ''}.${at.remedy ? ` ${at.remedy}` : ''}`, { ...at })
    this.name = 'NodeError'
  }
}
