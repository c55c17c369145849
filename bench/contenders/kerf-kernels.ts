// What benchmarks of single kernels use of Kerf's inside; bundled for them by kerf.mjs.

export { lowerAdderConv, lowerAdderConvInteger } from '../../src/runtime/backends/wasm/adder-layer.ts'
export { lowerConvPanels } from '../../src/runtime/backends/wasm/conv-f32.ts'
export { lowerConv } from '../../src/runtime/backends/wasm/conv-layer.ts'
export { control } from '../../src/runtime/backends/wasm/kernels.generated.ts'
export { measureLimit } from '../../src/runtime/backends/wasm/limit.ts'
export { hasRelaxedSimd } from '../../src/runtime/backends/wasm/module.ts'
export { Pool } from '../../src/runtime/backends/wasm/pool.ts'
export { programBytes, writeProgram } from '../../src/runtime/backends/wasm/step.ts'
export { spawnNodeWorker } from '../../src/runtime/spawn.node.ts'
