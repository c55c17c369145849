import { batchNormalization } from './batch-norm.ts'
import { conv, convTranspose } from './convolution.ts'
import { fusedMatMul, gemm, matMul } from './dense.ts'
import { elementwise } from './elementwise.ts'
import type { Lowerings } from './lowering.ts'
import { moving } from './moving.ts'
import { normalising } from './normalising.ts'
import { pooling } from './pooling.ts'
import { reducing } from './reducing.ts'
import { resizing } from './resizing.ts'

/** Of the operators that most networks have. */
export const common: Lowerings = {
  BatchNormalization: batchNormalization,
  Conv: conv(false),
  ConvTranspose: convTranspose(false),
  Gemm: gemm,
  MatMul: matMul,
  'com.microsoft:FusedMatMul': fusedMatMul,
  ...elementwise,
  ...moving,
  ...normalising,
  ...pooling,
  ...reducing,
  ...resizing,
}

/** The same without Winograd's products. */
export const direct: Lowerings = { ...common, Conv: conv(true), ConvTranspose: convTranspose(true) }
