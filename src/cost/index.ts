// What a network costs: multiplications, additions, MACs, parameters, memory accesses; per layer, in total, compared, as formulas.
// Not here: what a single operator costs (ops/ says so itself), tables and pages (report/), measured time.
// May import: base, graph, ops.
export * from './compare.ts'
export * from './formula-curves.ts'
export * from './formulas.ts'
export { fusionOf } from './fuse.ts'
export * from './layer-formulas.ts'
export { ParameterFinder } from './parameters.ts'
export { macsOf, parametersOf } from './parts.ts'
export * from './profile.ts'
export type { RationalFunction } from './ratio.ts'
export type * from './types.ts'
