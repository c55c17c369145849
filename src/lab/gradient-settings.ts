import { seedFrom } from '../base/index.ts'
import type { Digits, LabContext } from './experiment.ts'
import { firstBatch, firstIteration, freshLenet, type NetKind } from './first-iteration.ts'
import { norm } from './statistics.ts'

/*
 * What the published norms of gradients may depend on and the paper does not say. Each setting is measured; which comes nearest is a result.
 */

export interface GradientSetting {
  readonly batch: number
  readonly pixels: 'standardised' | '0 to 1'
  /** Var W in the ordinary network; n are the terms of an output. */
  readonly weights: 'PyTorch, 1/(3n)' | '1/n' | 'He, 2/n' | 'N(0, 1)'
  readonly gamma: '1' | 'U(0, 1)'
  readonly classifier: 'linear' | 'convolution, BatchNormalization'
}

export type LayerNorms = readonly [number, number, number]

/** The three that are adder layers in the adder network: the first convolution and the classifier are ordinary. */
export const gradientLayers = ['conv2', 'conv3', 'conv4'] as const

/** What a network is usually started with. */
export const usualSetting = (batch: number): GradientSetting => ({
  ...{ batch, pixels: 'standardised', weights: 'PyTorch, 1/(3n)', gamma: '1', classifier: 'linear' },
})

const choices: { readonly [K in Exclude<keyof GradientSetting, 'batch'>]: readonly GradientSetting[K][] } = {
  pixels: ['standardised', '0 to 1'],
  weights: ['PyTorch, 1/(3n)', '1/n', 'He, 2/n', 'N(0, 1)'],
  gamma: ['1', 'U(0, 1)'],
  classifier: ['linear', 'convolution, BatchNormalization'],
}

/** The usual setting, and each other choice alone. */
export const oneByOne = (batches: readonly number[]): GradientSetting[] => {
  const usual = usualSetting(batches[0]!)
  return [
    usual,
    ...batches.slice(1).map((batch) => ({ ...usual, batch })),
    ...Object.entries(choices).flatMap(([name, [, ...others]]) => others.map((value) => ({ ...usual, [name]: value }))),
  ]
}

/** Every choice with every other. */
export const everySetting = (batches: readonly number[]): GradientSetting[] =>
  Object.entries({ ...choices, batch: batches }).reduce<readonly object[]>(
    (settings, [name, values]) => values.flatMap((value) => settings.map((setting) => ({ ...setting, [name]: value }))),
    [{}],
  ) as GradientSetting[]

/** In words: how it differs from the usual one. */
export function settingText(setting: GradientSetting): string {
  const usual = usualSetting(setting.batch)
  const different = Object.entries(setting).filter(([k, v]) => v !== usual[k as keyof GradientSetting])
  return [`batch ${setting.batch}`, ...different.map(([name, value]) => `${name}: ${value}`)].join('; ')
}

const variances = { 'PyTorch, 1/(3n)': 1 / 3, '1/n': 1, 'He, 2/n': 2, 'N(0, 1)': 'unit' } as const

/** L2 norms of the weight gradients of one network on one batch; the loss is the mean over the batch. */
export async function gradientNorms(
  kind: NetKind,
  setting: GradientSetting,
  draw: number,
  digits: Digits,
  context: LabContext,
): Promise<LayerNorms> {
  const seed = seedFrom(context.seed, `draw ${draw}`)
  const batch = await firstBatch(digits, setting.batch, seed, setting.pixels)
  const model = freshLenet(kind, seed, batch.classes, {
    weightVariance: variances[setting.weights],
    gamma: setting.gamma === '1' ? 'one' : 'uniform',
    classifier: setting.classifier === 'linear' ? 'linear' : 'convBn',
  })
  const { gradients } = await firstIteration(model, batch, context)
  const of = (layer: number) => norm(gradients.get(`${gradientLayers[layer]}.weight`)!)
  return [of(0), of(1), of(2)]
}
