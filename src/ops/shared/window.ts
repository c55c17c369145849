import { type Dim, unknownDim } from '../../base/index.ts'
import type { AttributeReader, Call, Operator } from '../../graph/index.ts'
import { wrong } from './check.ts'

/** A window that slides over the spatial axes: convolutions and pooling (ONNX `Conv`, `MaxPool`). One entry per spatial axis. */
export interface Window {
  /** Sizes of the window; undefined where the weight's shape tells them. */
  readonly kernelShape: readonly number[] | undefined
  /** Steps; undefined: 1. */
  readonly strides: readonly number[] | undefined
  /** Distance of the window's taps; undefined: 1. */
  readonly dilations: readonly number[] | undefined
  /** All begins, then all ends. */
  readonly pads: readonly number[] | undefined
  /** `NOTSET`, or how ONNX finds the padding: `SAME_UPPER`, `SAME_LOWER`, `VALID`. */
  readonly autoPad: 'NOTSET' | 'SAME_UPPER' | 'SAME_LOWER' | 'VALID'
  /** Whether the number of steps is rounded up (pooling). */
  readonly ceilMode: boolean
  /**
   * How SAME halves what it takes away at the edges where the window is narrower than its steps, so that the formula's padding is negative: by which of
   * Math's functions (MaxPool `floor`, as ONNX's reference, other pools `trunc`, as ONNX Runtime). Undefined: one element less is taken away, as ONNX Runtime does for Conv.
   */
  readonly narrowSame?: 'floor' | 'trunc'
}

export function windowAttributes(a: AttributeReader): Window {
  return {
    kernelShape: a.sizes('kernel_shape'),
    strides: a.sizes('strides'),
    dilations: a.sizes('dilations'),
    pads: a.ints('pads'),
    autoPad: a.choice('auto_pad', ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'], 'NOTSET'),
    ceilMode: a.flag('ceil_mode'),
  }
}

const perAxis = (call: Call, values: readonly number[] | undefined, rank: number, name: string): readonly number[] => {
  if (values && values.length !== rank) throw wrong(call, `${name} [${values}] should have ${rank} entries`)
  return values ?? new Array<number>(rank).fill(1)
}

/** Sizes of the window's output along each spatial axis, and the padding that auto_pad comes to (undefined for unknown sizes). */
export function slide(
  call: Call,
  window: Window,
  kernelShape: readonly number[],
  spatial: readonly Dim[],
): { output: Dim[]; pads: number[] | undefined } {
  const rank = spatial.length
  if (kernelShape.length !== rank)
    throw wrong(call, `a kernel of ${kernelShape.length} dimensions [${kernelShape}] over ${rank} spatial axes`)
  const strides = perAxis(call, window.strides, rank, 'strides')
  const dilations = perAxis(call, window.dilations, rank, 'dilations')
  const pads = window.pads ?? new Array<number>(2 * rank).fill(0)
  if (pads.length !== 2 * rank) throw wrong(call, `pads [${pads}] should have ${2 * rank} entries`)
  const begins: number[] = []
  const ends: number[] = []
  const output = spatial.map((size, i): Dim => {
    const stride = strides[i]!
    const reach = (kernelShape[i]! - 1) * dilations[i]! + 1
    if (typeof size !== 'number') return unknownDim()
    if (window.autoPad.startsWith('SAME')) {
      const out = Math.ceil(size / stride)
      const lack = (out - 1) * stride + reach - size
      const total = lack < 0 && !window.narrowSame ? lack + 1 : lack
      // Never −0.
      const begin = Math[window.narrowSame ?? 'trunc']((window.autoPad === 'SAME_LOWER' ? total + 1 : total) / 2) + 0
      begins.push(begin)
      // Nobody reads what is taken away behind the last window.
      ends.push(Math.max(0, lack - begin))
      return out
    }
    const begin = window.autoPad === 'VALID' ? 0 : pads[i]!
    const end = window.autoPad === 'VALID' ? 0 : pads[rank + i]!
    begins.push(begin)
    ends.push(end)
    const room = size + begin + end - reach
    if (room < 0)
      throw wrong(
        call,
        `the window (${reach} wide) does not fit into axis ${i + 2} (${size}, padded ${size + begin + end})`,
        'Give a larger input.',
      )
    const steps = window.ceilMode ? Math.ceil(room / stride) : Math.floor(room / stride)
    // A last window that would start in the padding at the end is dropped, as in every runtime.
    return window.ceilMode && steps * stride >= size + begin ? steps : steps + 1
  })
  return { output, pads: begins.length === rank ? [...begins, ...ends] : undefined }
}

/** How an operator's window lies on its input, for people: its size, its steps and the groups of its channels. */
export interface SlidingWindow {
  /** Its size along each spatial axis. */
  readonly kernel: readonly number[]
  /** Its steps. */
  readonly strides: readonly number[]
  /** Absent: the operator has no groups (pooling). */
  readonly groups?: number
}

/** The window of a convolution or a pooling; undefined for operators without, and where its size is open. */
export function slidingWindow(operator: Operator, call: Call): SlidingWindow | undefined {
  const { window, groups } = (call.attributes ?? {}) as { window?: Window; groups?: number }
  if (!window) return undefined
  const [weight = -1] = Array.isArray(operator.parameters) ? operator.parameters : []
  const kernel = window.kernelShape ?? call.inputs[weight]?.shape?.slice(2)
  if (!kernel?.every((k) => typeof k === 'number')) return undefined
  const strides = window.strides ?? kernel.map(() => 1)
  return groups === undefined ? { kernel, strides } : { kernel, strides, groups }
}
