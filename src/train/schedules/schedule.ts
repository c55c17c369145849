/*
 * Learning rates as pure functions of where training stands, γ the learning rate, t the step, T all steps:
 *   constant  γ
 *   step      γ·factorⁿ, n the milestones passed
 *   cosine    γ_end + (γ − γ_end)·(1 + cos(π·t/T))/2                     (Loshchilov and Hutter, ICLR 2017, without restarts)
 *   oneCycle  γ/divide up to γ, then down to γ/(divide·finalDivide)      (Smith and Topin, 2018; PyTorch's OneCycleLR, two phases)
 */

/**
 * The learning rate over time.
 * @param step the update, from 0
 * @param totalSteps updates of the whole training
 * @param stepsPerEpoch updates in an epoch
 * @returns the learning rate of this update
 */
export type Schedule = (step: number, totalSteps: number, stepsPerEpoch: number) => number

/** One learning rate for all steps. */
export interface ConstantSchedule {
  readonly kind: 'constant'
}

/** A learning rate that falls by a factor now and then. */
export interface StepSchedule {
  readonly kind: 'step'
  /** Multiplies the learning rate every so many epochs. */
  readonly everyEpochs?: number
  /** … or at the start of these epochs, counted from 0 and with warm-up. */
  readonly atEpochs?: readonly number[]
  /** 0.1 by default. */
  readonly factor?: number
}

/** A learning rate that falls along half a cosine (Loshchilov and Hutter, ICLR 2017, without restarts). */
export interface CosineSchedule {
  readonly kind: 'cosine'
  /** Learning rate that step `totalSteps` would have; 0 by default. */
  readonly end?: number
  /** Whether the learning rate changes at every step (default) or at the start of an epoch only. */
  readonly per?: 'step' | 'epoch'
}

/** A learning rate that rises and falls once (Smith and Topin, 2018; PyTorch's OneCycleLR, two phases). */
export interface OneCycleSchedule {
  readonly kind: 'oneCycle'
  /** Part of all steps in which the learning rate rises, in (0, 1); 0.3 by default. */
  readonly rise?: number
  /** First learning rate = peak / divide; 25 by default. */
  readonly divide?: number
  /** Last learning rate = first / finalDivide; 10000 by default. */
  readonly finalDivide?: number
  /** 'cosine' by default. */
  readonly shape?: 'cosine' | 'linear'
}

/** A linear rise of the learning rate at the beginning. */
export interface WarmUp {
  /** Length in epochs, which may be a fraction. */
  readonly epochs: number
  /** The first learning rate as a part of the full one; 1/3 in PyTorch, 0.01 here by default. */
  readonly start?: number
}

/** Which schedule, and how it begins. */
export type ScheduleOptions = (ConstantSchedule | StepSchedule | CosineSchedule | OneCycleSchedule) & {
  /** A linear rise in front; the schedule fills the steps after it (milestones in epochs stay where they are). None by default. */
  readonly warmUp?: WarmUp
}

/** The learning rate over time. `learningRate` is that of the schedule's height: the constant, the start of a decay, the peak of a cycle. */
export function createSchedule(options: ScheduleOptions, learningRate: number): Schedule {
  const { warmUp } = options
  const after = decayOf(options, learningRate)
  if (!warmUp || warmUp.epochs <= 0) return (step, total, perEpoch) => after(step, total, perEpoch, 0)
  const { epochs, start = 0.01 } = warmUp
  return (step, total, perEpoch) => {
    const rise = Math.max(1, Math.round(epochs * perEpoch))
    return step < rise ? learningRate * (start + (1 - start) * (step / rise)) : after(step, total, perEpoch, rise)
  }
}

type Decay = (step: number, totalSteps: number, stepsPerEpoch: number, warmUpSteps: number) => number

function decayOf(options: ScheduleOptions, peak: number): Decay {
  switch (options.kind) {
    case 'constant':
      return () => peak
    case 'step':
      return stepDecay(options, peak)
    case 'cosine':
      return cosineDecay(options, peak)
    case 'oneCycle':
      return oneCycle(options, peak)
  }
}

function stepDecay({ everyEpochs, atEpochs = [], factor = 0.1 }: StepSchedule, peak: number): Decay {
  return (step, _total, perEpoch) => {
    const epoch = Math.floor(step / perEpoch)
    const passed = everyEpochs ? Math.floor(epoch / everyEpochs) : atEpochs.filter((e) => e <= epoch).length
    return peak * factor ** passed
  }
}

/** From `a` at 0 to `b` at 1. */
const cosineBetween = (a: number, b: number, part: number) => b + ((a - b) * (1 + Math.cos(Math.PI * part))) / 2
const linearBetween = (a: number, b: number, part: number) => a + (b - a) * part

function cosineDecay({ end = 0, per = 'step' }: CosineSchedule, peak: number): Decay {
  return (step, total, perEpoch, warmUp) => {
    const at = per === 'step' ? step : Math.max(warmUp, Math.floor(step / perEpoch) * perEpoch)
    return cosineBetween(peak, end, Math.min(1, (at - warmUp) / Math.max(1, total - warmUp)))
  }
}

function oneCycle(options: OneCycleSchedule, peak: number): Decay {
  const { rise = 0.3, divide = 25, finalDivide = 1e4, shape = 'cosine' } = options
  const between = shape === 'cosine' ? cosineBetween : linearBetween
  const first = peak / divide
  return (step, total, _perEpoch, warmUp) => {
    // The last step, total − 1, has the lowest learning rate: as in PyTorch, where the peak may lie between two steps.
    const last = Math.max(1, total - warmUp - 1)
    const top = rise * (last + 1) - 1
    const at = Math.min(step - warmUp, last)
    return at <= top
      ? between(first, peak, top > 0 ? at / top : 1)
      : between(peak, first / finalDivide, (at - top) / (last - top))
  }
}
