import type { AttributeReader } from '../../graph/index.ts'
import { type Window, windowAttributes } from '../shared/window.ts'

export interface ConvAttributes {
  readonly window: Window
  readonly groups: number
}

/** All attributes that Conv has. */
export const convAttributeNames = ['auto_pad', 'dilations', 'group', 'kernel_shape', 'pads', 'strides']

export const convAttributes = (a: AttributeReader): ConvAttributes => ({
  window: windowAttributes(a),
  groups: a.size('group', 1, 1),
})

/** Every group has one input channel: output channel m·c + i is made of input channel c alone. */
export const isDepthwise = (groups: number, inChannels: number): boolean => groups > 1 && groups === inChannels
