// Networks in fewer bits: scales and codes of adder convolutions, and the rewriting of a graph into the form that the integer kernels run.
// Not here: where ranges come from (running a network on data takes a runner from outside), the kernels (runtime/).
// May import: base, graph, ops, cost.
export { type AdderCodes, type AdderScale, adderCodes, adderScale } from './adder-codes.ts'
export {
  type InputRange,
  type QuantizedAdderLayer,
  type QuantizedAdderLayers,
  quantizeAdderLayers,
} from './adder-layers.ts'
