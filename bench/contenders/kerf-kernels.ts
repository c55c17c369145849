// What benchmarks of single kernels use of Kerf's inside; bundled for them by kerf.mjs.

export { control } from '../../src/runtime/backends/wasm/engine/kernels.generated.ts'
export { measureLimit } from '../../src/runtime/backends/wasm/engine/limit.ts'
export { binariesOf, hasRelaxedSimd } from '../../src/runtime/backends/wasm/engine/module.ts'
export { Pool } from '../../src/runtime/backends/wasm/engine/pool.ts'
export { lowerAdderConv, lowerAdderConvInteger } from '../../src/runtime/backends/wasm/steps/adder/layer.ts'
export { lowerConvCodes } from '../../src/runtime/backends/wasm/steps/codes/convolution.ts'
export { lowerConv } from '../../src/runtime/backends/wasm/steps/convolution/layer.ts'
export { lowerConvPanels } from '../../src/runtime/backends/wasm/steps/convolution/panels.ts'
export { programBytes, writeProgram } from '../../src/runtime/backends/wasm/steps/step.ts'
export { nativeKernels } from '../../src/runtime/native.node.ts'
export { spawnNodeWorker } from '../../src/runtime/spawn.node.ts'
