import type { AttributeReader } from '../../graph/index.ts'
import { type ConvAttributes, convAttributes } from '../conv/attributes.ts'

export interface DeformConvAttributes extends ConvAttributes {
  readonly offsetGroups: number
}

export const deformConvAttributes = (a: AttributeReader): DeformConvAttributes => ({
  ...convAttributes(a),
  offsetGroups: a.size('offset_group', 1, 1),
})
