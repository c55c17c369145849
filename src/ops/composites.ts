// Every operator that is nothing but others put together, one line each.
export { biasGelu, fastGeluWithBias } from './biasGelu.ts'
export { dynamicQuantizeLSTM } from './dynamicQuantizeLSTM.ts'
export { fusedConv } from './fusedConv.ts'
export { fusedGemm } from './fusedGemm.ts'
export { skipLayerNormalization } from './skipLayerNormalization.ts'
