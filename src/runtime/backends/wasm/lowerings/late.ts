import { adderConv } from './adder.ts'
import { maxPoolOfBytes } from './byte-forms.ts'
import { codeProducts } from './code-products.ts'
import { common } from './common.ts'
import { gradients } from './gradients.ts'
import type { Lowerings } from './lowering.ts'
import { quantisedForms } from './quantised-forms.ts'
import { quantising } from './quantising.ts'
import { recurrent } from './recurrent.ts'

export { convertBytes } from '../steps/codes/convert.ts'

/** Of operators that few networks have: adder layers, codes, recurrent layers, gradients; and what others do of codes. */
export const late: Lowerings = {
  'ai.kerf:AdderConv': adderConv,
  GRU: recurrent,
  LSTM: recurrent,
  MaxPool: { ...common.MaxPool!, bytes: maxPoolOfBytes },
  RNN: recurrent,
  ...codeProducts,
  ...gradients,
  ...quantising,
  ...quantisedForms({ ...common, ...quantising }),
}
