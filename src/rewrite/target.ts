import { KerfError, type NamePattern, type Task } from '../base/index.ts'
import { macsOf } from '../cost/index.ts'
import { type Analysis, layerNetwork, type Model } from '../graph/index.ts'
import { type ChosenLayer, type Exchange, exchanged } from './exchange.ts'
import { leastCost, leastError } from './knapsack.ts'
import type { UnswappedLayer } from './layers.ts'
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
       * Your own choice.
       * @param layers that can be swapped
       * @param network what a choice makes of the network
       */
      readonly choose: (
        layers: readonly VariedLayer[],
        network: (choice: VariantChoice) => Promise<Model>,
      ) => Promise<VariantChoice>
    }

/** For each layer the place of one of its variants; undefined: it stays as it is. */
export type VariantChoice = readonly (number | undefined)[]

/** A layer with the forms that it may take. */
export interface VariedLayer {
  /** As it is. */
  readonly layer: RewriteLayer
  /** Multiply–accumulates as it is; undefined where shapes are open. */
  readonly macs: number | undefined
  /** What it may become. */
  readonly variants: readonly Variant[]
  /**
   * The layer alone, as a network in the shapes that it has.
   * @param variant what it is to be; undefined: what it is
   * @throws KerfError `unknown-shape`
   */
  alone(variant?: Variant): Promise<Model>
}

/** Where nobody says it. */
const defaultTarget: RewriteTarget = { energy: 0.95 }

/** Rounding that energies may lack. */
const rounding = 1e-14

/** Which layers become what; and which stay, for what reason. */
interface Variants {
  readonly layers: readonly ChosenLayer[]
  readonly kept: readonly UnswappedLayer[]
}

/**
 * Layers with the variant that is chosen for each.
 * @param layers of which constants are stored
 * @throws KerfError `bad-target`, `nothing-to-swap` where the network is within the target, `out-of-reach` where no variants are, `unknown-shape` for MACs that cannot be counted
 */
export async function withVariants(
  layers: readonly RewriteLayer[],
  exchange: Exchange,
  { target, layers: pattern, progress, settings: given = {} }: TargetOptions,
): Promise<Variants> {
  const { rewrite, settings, turn } = exchange
  const isOpen = target !== undefined || Object.values(settings).includes(undefined)
  if (!rewrite.variants || !isOpen) return { layers: layers.map((layer) => ({ layer, settings: {} })), kept: [] }
  const { analysis } = layers[0]!
  const macs = macsOf(analysis)
  const varied: VariedLayer[] = []
  for (const layer of layers) {
    progress?.({ what: 'looking at layers', done: varied.length, total: layers.length, unit: 'layers' })
    const variants = await rewrite.variants(layer, { settings, turn })
    if (target) checkOpen(variants, given)
    varied.push({ layer, macs: macs.get(layer.node), variants, alone: (variant) => alone(layer, variant, exchange) })
  }
  const chosen = await choose(varied, target ?? defaultTarget, analysis, exchange, pattern !== undefined)
  return {
    layers: chosen.flatMap((choice, i) =>
      'why' in choice ? [] : [{ layer: layers[i]!, settings: choice.variant.settings }],
    ),
    kept: chosen.flatMap((choice, i) => ('why' in choice ? [{ node: layers[i]!.name, why: choice.why }] : [])),
  }
}

/** What of a rewrite's options has to do with variants. */
interface TargetOptions extends Task {
  readonly target?: RewriteTarget
  readonly layers?: NamePattern
  readonly settings?: object
}

/** @throws KerfError `bad-target` where a setting says already what the target is to choose */
function checkOpen(variants: readonly Variant[], given: object): void {
  const own = variants.flatMap((v) => Object.keys(v.settings)).find((name) => Object.hasOwn(given, name))
  if (own !== undefined)
    throw new KerfError(
      'bad-target',
      `The setting "${own}" says how large layers become, and so does the target: give one of the two.`,
      { setting: own },
    )
}

async function alone(layer: RewriteLayer, variant: Variant | undefined, exchange: Exchange): Promise<Model> {
  const { node, analysis } = layer
  const inputs = node.inputs.filter((name) => name !== '' && !analysis.constants.has(name))
  const model = layerNetwork(analysis, { nodes: [node], inputs, outputs: node.outputs })
  return variant ? (await exchanged(model, [{ layer, settings: variant.settings }], exchange)).model : model
}

/** What a layer becomes; or why it stays as it is. */
type Chosen = { readonly variant: Variant } | { readonly why: string }

/** @param isAsked whether the layers were asked for by name: then they are swapped whatever they cost */
async function choose(
  layers: readonly VariedLayer[],
  target: RewriteTarget,
  analysis: Analysis,
  exchange: Exchange,
  isAsked: boolean,
): Promise<Chosen[]> {
  if ('energy' in target) {
    const energy = checkPart(target.energy, 'energy')
    return layers.map((layer) => byEnergy(layer, energy, isAsked))
  }
  const network = async (choice: VariantChoice) => {
    const chosen = layers.flatMap(({ layer, variants }, i) => {
      const variant = variants[choice[i] ?? -1]
      return variant ? [{ layer, settings: variant.settings }] : []
    })
    return (await exchanged(analysis.model, chosen, exchange)).model
  }
  const choice = 'macs' in target ? byMacs(layers, target.macs, analysis) : await target.choose(layers, network)
  return layers.map(({ variants }, i): Chosen => {
    const variant = variants[choice[i] ?? -1]
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
): VariantChoice {
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
