import { KerfError } from '../base/index.ts'

/** A node that a backend cannot run. A type of its own, so that a caller can fall back to another backend. */
export class UnsupportedError extends KerfError {
  /**
   * An error at a node; `code` is `unsupported`.
   * @param domain of the operator; empty for ONNX's own
   * @param opType the operator's name
   * @param node the node's name
   * @param why in words
   */
  constructor(domain: string, opType: string, node: string, why: string) {
    const name = domain === '' ? opType : `${domain}.${opType}`
    super('unsupported', `${name} "${node}" cannot be run: ${why}. docs/operators.md lists the operators that can.`, {
      domain,
      opType,
      node,
      why,
    })
    this.name = 'UnsupportedError'
  }
}
