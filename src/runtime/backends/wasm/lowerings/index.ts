import type { InferredCall, Node } from '../../../../graph/index.ts'
import { opName } from '../../../../ops/index.ts'
import { type Abilities, type Ability, type Job, misfit } from '../../../../plan/index.ts'
import { batchNormalization } from './batch-norm.ts'
import { codeProducts } from './code-products.ts'
import { adderConv, conv, convTranspose } from './convolution.ts'
import { fusedMatMul, gemm, matMul } from './dense.ts'
import { elementwise } from './elementwise.ts'
import { gradients } from './gradients.ts'
import type { Lowering, Lowerings } from './lowering.ts'
import { moving } from './moving.ts'
import { normalising } from './normalising.ts'
import { pooling } from './pooling.ts'
import { quantisedForms } from './quantised-forms.ts'
import { quantising } from './quantising.ts'
import { recurrent } from './recurrent.ts'
import { reducing } from './reducing.ts'
import { resizing } from './resizing.ts'
import { shuffle } from './shuffle.ts'

const own: Lowerings = {
  'ai.kerf:AdderConv': adderConv,
  BatchNormalization: batchNormalization,
  Conv: conv(false),
  ConvTranspose: convTranspose(false),
  Gemm: gemm,
  MatMul: matMul,
  'com.microsoft:FusedMatMul': fusedMatMul,
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

/** Which operators the kernels do, and how. What is missing here the reference does. */
export const lowerings: Lowerings = { ...own, ...quantisedForms(own) }

/** The same without Winograd's products. */
export const directLowerings: Lowerings = { ...lowerings, Conv: conv(true), ConvTranspose: convTranspose(true) }

/** It fits the calls of its own operator; that `node` is one of them the types cannot tell. */
const named = (node: Node, lowerings: Lowerings): Lowering<never> | undefined => lowerings[opName(node)]

/** What a lowering says of a call to the planner. */
function abilityFor(
  lowering: Lowering<never>,
  call: InferredCall<never>,
  isConstant: (input: number) => boolean,
): Ability {
  const { layout, alias, parts, zeroPoints, bytes, ofCodes, toBytes, refuses, lower, ...facts } = lowering
  const takesCodes = ofCodes && ofCodes.refuses?.(call, () => false) === undefined
  return {
    ...facts,
    layout: typeof layout === 'function' ? layout(call) : layout,
    alias: alias?.(call),
    parts: typeof parts === 'function' ? parts(call, isConstant) : parts,
    zeroPoints: typeof zeroPoints === 'function' ? zeroPoints(call) : zeroPoints,
    bytes: bytes && !bytes.refuses?.(call, isConstant) ? abilityFor(bytes, call, isConstant) : undefined,
    ofCodes: takesCodes ? abilityFor(ofCodes, call, isConstant) : undefined,
    toBytes: toBytes && abilityFor(toBytes, call, isConstant),
  }
}

/** What kernels do, for the planner. */
export const abilitiesOf = (lowerings: Lowerings): Abilities => ({
  supports(call, isConstant) {
    const lowering = named(call.node, lowerings)
    if (!lowering) return 'none is written'
    const own = call as InferredCall<never>
    return (
      misfit(call, isConstant, lowering) ?? lowering.refuses?.(own, isConstant) ?? abilityFor(lowering, own, isConstant)
    )
  },
  shuffles: { layout: 'same' },
  onCodes: true,
  parts: true,
})

/** How a job of a plan that was made for these lowerings is done. */
export function loweringOf({ form, unit }: Job, lowerings: Lowerings): Lowering {
  const own = named(unit.node, lowerings)
  const lowering = typeof form === 'object' ? shuffle(form.shuffle) : form === 'node' ? own : own?.[form]
  return lowering as Lowering
}
