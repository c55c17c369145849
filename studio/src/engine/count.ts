import { KerfError, type Model, type Profile, profileModel } from 'kerf'
import { graphInputs } from 'kerf/graph'
import { layerTable } from './layer-table.ts'
import type { Network, NetworkInput, RecountOptions } from './types.ts'

/** A model counted: what the page gets, and the profile, which stays with the engine. */
export interface Counted {
  readonly network: Network
  /** Undefined where nothing could be counted. */
  readonly profile: Profile | undefined
}

type Shapes = ReadonlyMap<string, readonly number[]>

const shapesIn = ({ inputs }: RecountOptions): Shapes => new Map(Object.entries(inputs ?? {}))

/**
 * Counts a model for the shapes that are asked for.
 * @param before the network as it was counted before: sizes that were guessed then are still guesses where nobody changed them
 * @throws as `profileModel`
 */
export function countModel(model: Model, name: string, options: RecountOptions = {}, before?: Network): Counted {
  const profile = profileModel(model, { name, inputs: shapesIn(options), fused: options.fused })
  const shape = (inputs: Profile['inputs'], wanted: string) => String(inputs.find(({ name }) => name === wanted)?.shape)
  const guessed = before?.guessed.filter((input) => shape(before.inputs, input) === shape(profile.inputs, input)) ?? []
  return counted(model, profile, guessed)
}

/**
 * The same for a model that was just opened. Where its file leaves sizes open, 224 is taken for height and width and 1 for others; where that does
 * not fit, there are no layers and the problem is told.
 * @throws as `profileModel`
 */
export function countAtFirst(model: Model, name: string): Counted {
  try {
    return countModel(model, name)
  } catch (problem) {
    if (!(problem instanceof KerfError && problem.code === 'symbolic-dimension')) throw problem
    const open = problem.details.inputs as readonly string[]
    try {
      const inputs = new Map(open.map((input) => [input, guess(declaredShape(model, input))]))
      return counted(model, profileModel(model, { name, inputs }), open)
    } catch (error) {
      // What is wrong with the guess says less than that a size is missing.
      if (!(error instanceof KerfError)) throw error
      return { network: uncounted(model, name, problem.message), profile: undefined }
    }
  }
}

function counted(model: Model, profile: Profile, guessed: readonly string[]): Counted {
  const { model: name, inputs, totals, unsupported, fused } = profile
  const network: Network = {
    ...{ name, guessed, fused, totals, unsupported },
    inputs: inputs.map((input) => ({ ...input, declared: declaredShape(model, input.name) })),
    layers: layerTable(profile),
  }
  return { network, profile }
}

/** A network without layers. */
function uncounted(model: Model, name: string, problem: string): Network {
  const none = { params: 0, nonZeroParams: null, macs: 0, adds: 0, muls: 0, others: 0, reads: 0, writes: 0 }
  const profile: Profile = {
    ...{
      model: name,
      inputs: [],
      layers: [],
      unsupported: [],
      leftOut: [],
      notes: [],
      fused: false,
      strictAdds: false,
    },
    totals: { ...none, accesses: 0, bytes: 0, partial: [] },
  }
  const inputs = graphInputs(model.graph).map(({ name }): NetworkInput => {
    const declared = declaredShape(model, name)
    return { name, declared, shape: declared?.map(sizeOrNull) ?? null }
  })
  return { ...counted(model, profile, []).network, inputs, problem }
}

/** The batch is 1 unless somebody says otherwise. */
const sizeOrNull = (size: number | string, axis: number): number | null =>
  typeof size === 'number' ? size : axis === 0 ? 1 : null

function declaredShape(model: Model, input: string): NetworkInput['declared'] {
  const type = graphInputs(model.graph).find(({ name }) => name === input)?.type
  return type?.kind === 'tensor' ? (type.shape ?? null) : null
}

/** 224 for height and width where the input looks like images, channels first or last; 1 for what else is open. */
function guess(declared: NetworkInput['declared']): readonly number[] {
  if (!declared) return [1, 3, 224, 224]
  const channelsLast = typeof declared[3] === 'number' && declared[3] <= 4
  const space = declared.length === 4 ? (channelsLast ? [1, 2] : [2, 3]) : []
  const channels = declared.length === 4 && !channelsLast ? 1 : undefined
  return declared.map((d, axis) => (typeof d === 'number' ? d : space.includes(axis) ? 224 : axis === channels ? 3 : 1))
}
