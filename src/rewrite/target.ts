import { KerfError } from '../base/index.ts'
import { macsOf } from '../cost/index.ts'
import type { Analysis } from '../graph/index.ts'
import { leastCost, leastError } from './knapsack.ts'
import type { RewriteLayer, Variant } from './rewrite.ts'

/** How forms of layers are chosen, where a rewrite has several (`Rewrite.variants`). */
export type RewriteTarget =
  | {
      /** Of each layer's ‖W‖², the part that stays at least, above 0, at most 1: the form of fewest MACs that keeps it. */
      readonly energy: number
    }
  | {
      /** What the network may have of MACs at most. The squares of the layers' weight errors sum up to the least. */
      readonly macs: {
        /** Of what it has, in (0, 1). One of `part` and `value`. */
        readonly part?: number
        /** The limit itself. */
        readonly value?: number
      }
    }
  | {
      /**
       * Your own choice: for each layer the place of one of its variants; undefined: it stays as it is.
       * @param layers that can be swapped
       */
      readonly choose: (layers: readonly VariedLayer[]) => Promise<readonly (number | undefined)[]>
    }

/** A layer with the forms that it may take. */
export interface VariedLayer {
  /** As it is. */
  readonly layer: RewriteLayer
  /** Multiply–accumulates as it is; undefined where shapes are open. */
  readonly macs: number | undefined
  /** What it may become. */
  readonly variants: readonly Variant[]
}

/** What a layer becomes; or why it stays as it is. */
export type Chosen = { readonly variant: Variant } | { readonly why: string }

/** Where nobody says it. */
export const defaultTarget: RewriteTarget = { energy: 0.95 }

/** Rounding that energies may lack. */
const rounding = 1e-12

/**
 * @param isAsked whether the layers were asked for by name: then they are swapped whatever they cost
 * @throws KerfError `bad-target`, `nothing-to-swap` where the network is within the target, `out-of-reach` where no forms are, `unknown-shape` for MACs that cannot be counted
 */
export async function chooseVariants(
  layers: readonly VariedLayer[],
  target: RewriteTarget,
  analysis: Analysis,
  isAsked: boolean,
): Promise<Chosen[]> {
  if ('energy' in target) return layers.map((layer) => byEnergy(layer, checkPart(target.energy, 'energy'), isAsked))
  const places = 'macs' in target ? byMacs(layers, target.macs, analysis) : await target.choose(layers)
  return layers.map(({ variants }, i): Chosen => {
    const variant = variants[places[i] ?? -1]
    return variant ? { variant } : { why: 'the target is met without it' }
  })
}

function checkPart(value: number, what: string): number {
  if (value > 0 && value <= 1) return value
  throw new KerfError('bad-target', `The ${what} must be a part above 0, at most 1. Received ${value}.`, {
    received: value,
  })
}

function byEnergy({ variants }: VariedLayer, energy: number, isAsked: boolean): Chosen {
  const enough = variants.filter((v) => v.error <= 1 - energy + rounding)
  const variant = enough.reduce<Variant | undefined>((best, v) => (best && best.macs <= v.macs ? best : v), undefined)
  if (!variant) return { why: `no form of it keeps ${energy} of its energy` }
  return variant.macs < 1 || isAsked ? { variant } : { why: costsMore(variant) }
}

const settingText = ([name, value]: [string, unknown]): string => `${name} ${[value].flat().join(', ')}`

const costsMore = ({ macs, settings }: Variant): string =>
  `it would cost ${Number(macs.toPrecision(3))} times its MACs (${Object.entries(settings).map(settingText).join(', ')}); --layers with its name swaps it all the same`

function byMacs(
  layers: readonly VariedLayer[],
  macs: { readonly part?: number; readonly value?: number },
  analysis: Analysis,
): (number | undefined)[] {
  const before = [...macsOf(analysis).values()].reduce((a, b) => a + b, 0)
  const open = layers.find((l) => l.macs === undefined)
  if (open)
    throw new KerfError(
      'unknown-shape',
      `The MACs of ${open.layer.name} cannot be counted, since shapes are open. Give the shape of the input (--input), or an energy in the place of a target.`,
      { node: open.layer.name },
    )
  if ((macs.part === undefined) === (macs.value === undefined))
    throw new KerfError('bad-target', 'Say what may stay in one way: a part of what there is, or a value.')
  const limit = macs.value ?? before * checkPart(macs.part!, 'target')
  if (!(limit > 0))
    throw new KerfError('bad-target', `The target must be a number of MACs above 0. Received ${limit}.`, {
      received: limit,
    })
  if (limit >= before)
    throw new KerfError(
      'nothing-to-swap',
      `Nothing needs to be swapped: the network has ${count(before)} MACs, which is within the target of ${count(limit)}. Ask for less.`,
      { before, limit },
    )
  const options = layers.map(({ macs = 0, variants }) => [
    ...variants.map((v) => ({ cost: v.macs * macs, error: v.error })),
    { cost: macs, error: 0 },
  ])
  const others = before - layers.reduce((sum, l) => sum + (l.macs ?? 0), 0)
  const chosen = leastError(options, limit - others)
  if (chosen) return chosen
  const least = others + leastCost(options)
  throw new KerfError(
    'out-of-reach',
    `The target of ${count(limit)} MACs is out of reach: swapped as far as it goes, the network has ${count(least)} of ${count(before)} (${Number((least / before).toPrecision(3))}). Ask for as much, or swap other layers, too (--layers).`,
    { before, limit, least },
  )
}

const count = (value: number): string => Math.ceil(value).toLocaleString('en')
