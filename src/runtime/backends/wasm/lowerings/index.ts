import type { Lowerings } from '../lowering.ts'
import { batchNormalization } from './batch-norm.ts'
import { codeProducts } from './code-products.ts'
import { adderConv, conv, convTranspose } from './convolution.ts'
import { gemm, matMul } from './dense.ts'
import { elementwise } from './elementwise.ts'
import { gradients } from './gradients.ts'
import { moving } from './moving.ts'
import { normalising } from './normalising.ts'
import { pooling } from './pooling.ts'
import { quantising } from './quantising.ts'
import { recurrent } from './recurrent.ts'
import { reducing } from './reducing.ts'
import { resizing } from './resizing.ts'

/** Which operators the kernels do, and how. What is missing here the reference does. */
export const lowerings: Lowerings = {
  'ai.kerf:AdderConv': adderConv,
  BatchNormalization: batchNormalization,
  Conv: conv(false),
  ConvTranspose: convTranspose(false),
  Gemm: gemm,
  MatMul: matMul,
  GRU: recurrent,
  LSTM: recurrent,
  RNN: recurrent,
  ...elementwise,
  ...gradients,
  ...moving,
  ...normalising,
  ...pooling,
  ...codeProducts,
  ...quantising,
  ...reducing,
  ...resizing,
}

/** The same without Winograd's products. */
export const directLowerings: Lowerings = { ...lowerings, Conv: conv(true), ConvTranspose: convTranspose(true) }
