// Reverse-mode differentiation: appends to a graph the nodes that compute gradients. What each operator contributes it says itself (ops/).
// Not here: losses and optimisers (train/), running what was made (runtime/).
// May import: base, graph, ops.
export { type Choices, type Differentiated, differentiate, type Unreached } from './differentiate.ts'
export { Emitter } from './emitter.ts'
