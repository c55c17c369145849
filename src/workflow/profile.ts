import { type Profile, type ProfileOptions, profileModel as profileIn } from '../cost/index.ts'
import type { Model } from '../graph/index.ts'
import { type ModelAtHand, type ModelElsewhere, type ModelSource, modelOf } from '../onnx/index.ts'

/**
 * Counts every layer of a model, by the conventions of `docs/cost.md`. A layer is a node that runs: what depends on constants and shapes alone (weights made
 * by nodes, the arithmetic of exported reshapes) is none. Calls of model-local functions are counted by their bodies. Weights are not read unless
 * `countNonZero` is set.
 * @param source a model in any form; in browsers a text is an address, in Node a path
 * @returns a promise where the model is had later
 * @throws as `openModel`; NodeError where a node's inputs do not fit together, KerfError for input shapes that do not fit the model
 */
export function profileModel(source: ModelAtHand, options?: ProfileOptions): Profile
export function profileModel(source: ModelElsewhere, options?: ProfileOptions): Promise<Profile>
export function profileModel(source: ModelSource, options?: ProfileOptions): Profile | Promise<Profile>
export function profileModel(source: ModelSource, options?: ProfileOptions): Profile | Promise<Profile> {
  return profileOf(modelOf(source), options)
}

/** At once where the model is at hand. */
export const profileOf = (model: Model | Promise<Model>, options?: ProfileOptions): Profile | Promise<Profile> =>
  model instanceof Promise ? model.then((m) => profileIn(m, options)) : profileIn(model, options)
