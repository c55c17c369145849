// The intermediate representation: model, graph, node, tensor; building, validating, traversing; the walk that infers shapes.
// Not here: what single operators do (ops/), files (onnx/).
// May import: base.
export * from './attributes.ts'
export * from './backward.ts'
export * from './builder.ts'
export * from './channels.ts'
export * from './constants.ts'
export * from './infer.ts'
export * from './inference-form.ts'
export * from './inline.ts'
export * from './model.ts'
export * from './operator.ts'
export * from './stored-constants.ts'
export * from './tensor.ts'
export * from './tensor-edits.ts'
export * from './training.ts'
export * from './traverse.ts'
export * from './validate.ts'
