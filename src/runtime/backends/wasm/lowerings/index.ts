import type { InferredCall, Node } from '../../../../graph/index.ts'
import { opName } from '../../../../ops/index.ts'
import { type Abilities, type Ability, type Job, misfit } from '../../../../plan/index.ts'
import { common } from './common.ts'
import type { Lowering, Lowerings } from './lowering.ts'
import { shuffle } from './shuffle.ts'

/** Those that are loaded when a network has an operator that is not among the common ones. */
let late: typeof import('./late.ts') | undefined

async function loadLate(): Promise<void> {
  late ??= await import('./late.ts')
}

/** How values are copied that are bytes, or become some: whoever makes such is loaded then. */
export const bytesConversion = () => late!.convertBytes

/** All of them. What is missing here the reference does. */
export async function allLowerings(): Promise<Lowerings> {
  await loadLate()
  return { ...common, ...late!.late }
}

/** It fits the calls of its own operator; that `node` is one of them the types cannot tell. */
const named = (node: Node, lowerings: Lowerings): Lowering<never> | undefined =>
  late?.late[opName(node)] ?? lowerings[opName(node)]

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

/** What kernels do, for the planner. What is missing here the reference does. */
export const abilitiesOf = (lowerings: Lowerings = common): Abilities => ({
  async load(nodes) {
    if (!nodes.every((node) => opName(node) in lowerings)) await loadLate()
  },
  supports(call, isConstant) {
    const lowering = named(call.node, lowerings)
    if (!lowering && !late) throw new Error(`Nobody has loaded what does ${call.node.opType}: planFor does.`)
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
