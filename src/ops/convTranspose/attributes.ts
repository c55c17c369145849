import type { AttributeReader } from '../../graph/index.ts'
import { type Window, windowAttributes } from '../shared/window.ts'

export interface ConvTransposeAttributes {
  readonly window: Window
  readonly groups: number
  readonly outputPadding: readonly number[] | undefined
  readonly outputShape: readonly number[] | undefined
}

export const convTransposeAttributes = (a: AttributeReader): ConvTransposeAttributes => ({
  window: windowAttributes(a),
  groups: a.size('group', 1, 1),
  outputPadding: a.ints('output_padding'),
  outputShape: a.ints('output_shape'),
})
