// What everything stands on: element types, shapes, typed errors, tasks (signal and progress), memory that is asked for, name patterns, open lists, seeded random
// numbers, exact polynomials; `getOrAdd`.
// Not here: anything that knows what a graph is.
// May import: nothing.
export * from './catalogue.ts'
export * from './element-codec.ts'
export * from './element-type.ts'
export * from './error.ts'
export * from './half-floats.ts'
export * from './json.ts'
export * from './largest.ts'
export * from './machine.ts'
export * from './map.ts'
export * from './memory.ts'
export * from './name-pattern.ts'
export * from './nearest.ts'
export * from './path-problems.ts'
export * from './polynomial.ts'
export * from './random.ts'
export * from './shape.ts'
export * from './task.ts'
export * from './text.ts'
export * from './wire.ts'
export * from './words.ts'
