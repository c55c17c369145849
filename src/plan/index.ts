// From a graph to a plan for given input shapes: what is fused, in which layout and buffer every value lies, in which order things are done.
// Not here: how anything is computed. A plan is data; it knows no kernel and no address, and of a backend only its abilities.
// May import: base, graph, ops.

export { type Abilities, type Ability, type Layout, misfit, type Parts } from './ability.ts'
export { affineOf } from './affine.ts'
export type { Lifetime } from './arena.ts'
export { type Codes, weightCodes } from './codes.ts'
export { copiedBytes } from './copied-bytes.ts'
export { holds, isCode, isExact, type Width } from './element-types.ts'
export { UnsupportedError } from './errors.ts'
export type { Job } from './job.ts'
export { makePlan, type Plan, type PlanOptions, planFor } from './plan.ts'
export { isOneRun } from './runs.ts'
export type { Buffer, Located, NodeTask, Run, Task } from './task.ts'
export type { Prepared, Unit } from './units.ts'
export { within } from './whole-numbers.ts'
export type { Wholes, WholesRule } from './wholes.ts'
export { withWeights } from './with-weights.ts'
