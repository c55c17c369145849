import { momentsOf } from '../../base/index.ts'
import { type Cell, shortNumber } from '../../report/index.ts'
import { atMost, control, equal } from '../checks.ts'
import type { Findings, LabContext } from '../experiment.ts'
import type { NetKind } from '../first-iteration.ts'
import {
  everySetting,
  type GradientSetting,
  gradientLayers,
  gradientNorms,
  oneByOne,
  settingText,
  usualSetting,
} from '../gradient-settings.ts'
import { progress } from '../progress.ts'

export interface Settings {
  /** Of the usual setting. */
  readonly batchSize: number
  /** Networks and batches that are drawn in the usual setting. */
  readonly draws: number
  /** Batches of the other settings. */
  readonly batches: readonly number[]
  /** Every choice with every other, or each alone. */
  readonly every: boolean
  /** Networks and batches that are drawn in each of them. */
  readonly drawsEach: number
}

type Norms = Readonly<Record<NetKind, readonly number[]>>

/** AdderNet's table 3: L2 norms of the weight gradients in layers 1 to 3, at the first iteration; taken to be the three adder layers. */
const published: Norms = {
  adder: [0.001, 0.0013, 0.015],
  ordinary: [0.2271, 0.3002, 0.466],
}
const layers = gradientLayers
const kinds = ['adder', 'ordinary'] as const
/** Settings in the table. */
const mostShown = 12

interface Measured extends Norms {
  readonly setting: GradientSetting
}

const ratiosOf = ({ adder, ordinary }: Norms): number[] => layers.map((_, l) => adder[l]! / ordinary[l]!)

/** The farthest quotient, above 1. */
const factor = (measured: readonly number[], expected: readonly number[]): number =>
  Math.max(...measured.map((m, l) => Math.max(m / expected[l]!, expected[l]! / m)))

const normsOff = (m: Norms): number => Math.max(...kinds.map((kind) => factor(m[kind], published[kind])))
const ratiosOff = (m: Norms): number => factor(ratiosOf(m), ratiosOf(published))

const means = (draws: readonly (readonly number[])[]): number[] =>
  layers.map((_, l) => momentsOf(draws.map((n) => n[l]!)).mean)

/** With a loss that is summed over the batch all gradients are as many times as large. */
const summedOff = ({ setting: { batch }, adder, ordinary }: Measured): number =>
  normsOff({ adder: adder.map((n) => batch * n), ordinary: ordinary.map((n) => batch * n) })

const nearest = (all: readonly Measured[], off: (m: Norms) => number): Measured =>
  all.reduce((x, y) => (off(y) < off(x) ? y : x))

export async function measure(settings: Settings, context: LabContext): Promise<Findings> {
  const { batchSize, draws, batches, every, drawsEach } = settings
  const digits = await context.digits()
  const tried = every ? everySetting(batches) : oneByOne(batches)
  const steps = kinds.length * (draws + tried.length * drawsEach)
  let done = 0
  const measure = async (setting: GradientSetting, times: number) => {
    const norms: Record<NetKind, number[][]> = { adder: [], ordinary: [] }
    for (let draw = 0; draw < times; draw++)
      for (const kind of kinds) {
        norms[kind].push([...(await gradientNorms(kind, setting, draw, digits, context))])
        await progress(context, ++done / steps)
      }
    return norms
  }
  const usual = await measure(usualSetting(batchSize), draws)
  const all: Measured[] = []
  for (const setting of tried) {
    const { adder: a, ordinary: o } = await measure(setting, drawsEach)
    all.push({ setting, adder: means(a), ordinary: means(o) })
  }
  const [adder, ordinary] = [means(usual.adder), means(usual.ordinary)]
  const ratios = ratiosOf({ adder, ordinary })
  const twice = layers.map((_, l) => (usual.ordinary[0]?.[l] as number) / (usual.ordinary[1]?.[l] as number))
  const [byNorms, byRatios] = [nearest(all, normsOff), nearest(all, ratiosOff)]
  const sorted = [...all].sort((x, y) => normsOff(x) - normsOff(y)).slice(0, mostShown)
  const shown = sorted.includes(byRatios) ? sorted : [...sorted, byRatios]
  return {
    data: `${digits.name}; ${draws} networks, a batch of ${batchSize} each`,
    tables: [
      {
        title: 'L2 norm of the weight gradients at the first iteration',
        columns: [
          { key: 'layer', header: 'Layer' },
          { key: 'adder', header: 'Adder', kind: 'ratio' },
          { key: 'publishedAdder', header: 'published', kind: 'ratio' },
          { key: 'ordinary', header: 'Ordinary', kind: 'ratio' },
          { key: 'publishedOrdinary', header: 'published', kind: 'ratio' },
          { key: 'ratio', header: 'Adder ÷ ordinary', kind: 'ratio' },
          { key: 'publishedRatio', header: 'published', kind: 'ratio' },
        ],
        rows: layers.map((layer, l) => [
          layer,
          adder[l]!,
          published.adder[l]!,
          ordinary[l]!,
          published.ordinary[l]!,
          ratios[l]!,
          published.adder[l]! / published.ordinary[l]!,
        ]),
        notes: [
          `The usual setting: batch ${batchSize}, pixels with mean 0 and variance 1, weights of the variance that PyTorch gives them, γ = 1, a linear classifier; the mean of the loss over the batch.`,
        ],
      },
      {
        title: `What the paper does not say: ${all.length} settings, ${every ? 'every choice with every other' : 'each choice alone'}`,
        columns: [
          { key: 'setting', header: 'Setting' },
          ...(['Adder', 'Ordinary', 'Adder ÷ ordinary'] as const).flatMap((what) =>
            layers.map((layer) => ({
              key: `${what} ${layer}`,
              header: layer === layers[0] ? what : '',
              kind: 'ratio' as const,
            })),
          ),
          { key: 'norms', header: 'Norms off by', kind: 'ratio' },
          { key: 'ratios', header: 'Ratios off by', kind: 'ratio' },
        ],
        rows: [
          ['published', ...published.adder, ...published.ordinary, ...ratiosOf(published), '', ''],
          ...shown.map((m): Cell[] => [
            settingText(m.setting),
            ...[...m.adder, ...m.ordinary, ...ratiosOf(m), normsOff(m), ratiosOff(m)],
          ]),
        ],
        notes: [
          `“Off by”: the farthest factor from a published number, of layers ${layers.join(', ')}.${all.length > shown.length ? ` The ${mostShown} nearest in norms, and the nearest in ratios.` : ''}`,
          `Nearest to the published norms: ${settingText(byNorms.setting)} (a factor of ${shortNumber(normsOff(byNorms))}). Nearest to the published ratios of adder to ordinary: ${settingText(byRatios.setting)} (${shortNumber(ratiosOff(byRatios))}).`,
          'Pixels from 0 to 1 or standardised make no difference, since BatchNormalization follows the first layer. Nor does the size of all weights: the gradient goes with the classifier’s weights and against the layer’s own. A loss that is summed over the batch makes all norms larger by as many times as there are images, and takes them away from the published ones.',
        ],
      },
    ],
    charts: [
      {
        kind: 'bars',
        title: 'L2 norm of the weight gradients (logarithmic)',
        categories: [...layers],
        series: [
          { name: 'ordinary', values: ordinary },
          { name: 'ordinary, published', values: published.ordinary },
          { name: 'adder', values: adder },
          { name: 'adder, published', values: published.adder },
        ],
        scale: 'log',
      },
    ],
    checks: [
      atMost('Adder ÷ ordinary, the layer where it is largest', 0.05, Math.max(...ratios)),
      control(atMost('the same for two ordinary networks', 0.05, Math.max(...twice))),
      atMost(
        'Farthest factor from the published ratios of adder to ordinary, the nearest setting',
        4,
        ratiosOff(byRatios),
      ),
      atMost('Farthest factor from the six published norms, the nearest setting', 8, normsOff(byNorms)),
      control(atMost('the same if the loss is summed, not averaged', 8, Math.min(...all.map(summedOff)))),
      equal('Layer with the largest adder gradient', 'conv4', layers[adder.indexOf(Math.max(...adder))] as string),
    ],
  }
}
