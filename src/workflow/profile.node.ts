import type { ProfileOptions } from '../cost/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.node.ts'
import { type profileModel as profileInCore, profileOf } from './profile.ts'

/** `profileModel` with paths of files. */
export const profileModel = ((source: ModelSource, options?: ProfileOptions) =>
  profileOf(modelOf(source), options)) as typeof profileInCore
