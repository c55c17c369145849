import { KerfError } from '../../base/index.ts'

/**
 * How a parameter is treated: `decay`, weights of ordinary layers; `noDecay`, biases and BatchNormalization's scale and shift; `adder`,
 * weights of adder layers.
 */
export type ParameterGroup = 'decay' | 'noDecay' | 'adder'

/** What an optimiser works on. The arrays may be new views at every step: state is kept by name. */
export interface Parameter {
  readonly name: string
  /** Changed in place. */
  readonly value: Float32Array
  /** As long as `value`. Scratch: a step zeroes it where masked and clips it in place. */
  readonly gradient: Float32Array
  readonly group: ParameterGroup
  /** 0 where the weight is cut, and stays exactly 0 with its momentum; as long as `value`. */
  readonly mask?: Uint8Array
  /** Its learning rate as a multiple of the common one, weight decay included; 1 by default. */
  readonly rate?: number
}

/** How the parameters of a group are treated. */
export interface GroupOptions {
  /** 0 by default. */
  readonly weightDecay?: number
  /**
   * η of AdderNet's adaptive learning rate: the layer's gradient is scaled to the norm η·√k, k its weights that are not masked, before
   * momentum and weight decay (Chen et al., CVPR 2020, section 3.3). Off by default.
   */
  readonly adaptiveRate?: number
  /**
   * A fixed learning rate of a parameter's own, by its name, as a multiple of the common one; multiplies the gradient before momentum and weight
   * decay, as `adaptiveRate` does, in whose place it stands. 1 by default.
   */
  readonly rate?: (name: string) => number
}

/** Of every group, how its parameters are treated. */
export type GroupTable = Readonly<Record<ParameterGroup, GroupOptions>>

/** The η of AdderNet's public code: each layer's gradient has a root mean square of 0.2. */
export const defaultAdaptiveRate = 1 / 5

/** What `parameterGroups` makes the table of. */
export interface GroupSettings {
  /** Of ordinary and adder weights; 0 by default. */
  readonly weightDecay?: number
  /** Of adder weights, where theirs differs. */
  readonly adderWeightDecay?: number
  /** η of adder weights; `defaultAdaptiveRate` by default, false for none. */
  readonly adaptiveRate?: number | false
  /** Fixed rates of adder weights, as multiples of the common one, where `adaptiveRate` is false; 1 by default. */
  readonly adderRate?: (name: string) => number
}

/** The table in which biases and BatchNormalization do not decay, and adder weights have AdderNet's adaptive learning rate. */
export const parameterGroups = (settings: GroupSettings = {}): GroupTable => {
  const { weightDecay = 0, adderWeightDecay = weightDecay, adaptiveRate = defaultAdaptiveRate } = settings
  const rate = adaptiveRate === false ? { rate: settings.adderRate } : { adaptiveRate }
  return {
    decay: { weightDecay },
    noDecay: {},
    adder: { weightDecay: adderWeightDecay, ...rate },
  }
}

/** @throws KerfError `bad-parameter` when gradient or mask are not as long as the value */
export function checkParameter({ name, value, gradient, mask }: Parameter): void {
  const wrong =
    gradient.length !== value.length ? 'gradient' : mask && mask.length !== value.length ? 'mask' : undefined
  if (!wrong) return
  const received = wrong === 'mask' ? mask?.length : gradient.length
  throw new KerfError(
    'bad-parameter',
    `Parameter "${name}" has ${value.length} elements, its ${wrong} ${received}. An array of length 0 may be a view of memory that has grown since.`,
    { parameter: name, expected: value.length, received },
  )
}

/** Exactly 0 where masked, whatever stood there (NaN too). */
export function applyMask(values: Float32Array, mask: Uint8Array | undefined): void {
  if (mask) for (let i = 0; i < values.length; i++) if (mask[i] === 0) values[i] = 0
}

/** The mask that keeps a pruned tensor's zeros; undefined where it has none. Take it before training, from the model. */
export function maskOfZeros(values: Float32Array): Uint8Array | undefined {
  return values.includes(0) ? Uint8Array.from(values, (x) => (x === 0 ? 0 : 1)) : undefined
}
