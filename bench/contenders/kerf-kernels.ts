// What benchmarks of single kernels use of Kerf's inside; bundled for them by kerf.mjs.

export { spawnNodeWorker } from '../../src/runtime/spawn.node.ts'
export { firstFree, type KernelArgs, type KernelName, kernels, writeArgs } from '../../src/runtime/wasm/abi.ts'
export { lowerAdderConv, lowerAdderConvInteger } from '../../src/runtime/wasm/adder-layer.ts'
export { lowerConvPanels } from '../../src/runtime/wasm/conv-f32.ts'
export { lowerConv } from '../../src/runtime/wasm/conv-layer.ts'
export { measureLimit } from '../../src/runtime/wasm/limit.ts'
export { hasRelaxedSimd } from '../../src/runtime/wasm/module.ts'
export { Pool } from '../../src/runtime/wasm/pool.ts'
