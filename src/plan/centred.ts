import type { Job } from './job.ts'
import type { Prepared } from './units.ts'

/*
 * Codes are whole numbers that stand for scale·(code − zeroPoint). Where all who read a value take its zero point off first, it is held without it:
 * it is taken off once, by whoever makes the codes. Padding with zeros is right then, too.
 */

/** Values that are held less their zero point. */
export function findCentred(jobs: readonly Job[], prepared: Prepared): Set<string> {
  const readers = new Map<string, { readonly job: Job; readonly input: number }[]>()
  const otherwise = new Set(prepared.model.graph.outputs.map((o) => o.name))
  for (const job of jobs) {
    if (job.residual !== undefined) otherwise.add(job.residual)
    job.inputs.forEach((name, input) => {
      readers.set(name, [...(readers.get(name) ?? []), { job, input }])
    })
  }
  const found = new Set<string>()
  for (const { ability, result, unit, outputCodes } of jobs) {
    const makes = ability?.zeroPoints?.makes
    if (makes === undefined || outputCodes || otherwise.has(result)) continue
    const zeroPoint = typeof makes === 'number' ? unit.node.inputs[makes] : unit.node.outputs[makes.output]
    const read = readers.get(result) ?? []
    const all = read.every(({ job, input }) => {
      const pair = job.ability?.zeroPoints?.reads?.find(([codes]) => codes === input)
      return pair !== undefined && sameNumber(zeroPoint, job.unit.node.inputs[pair[1]], prepared)
    })
    if (all && read.length > 0) found.add(result)
  }
  return found
}

/** Whether two values are one number: the same value, or stored ones of one element that are equal. A zero point left out is 0. */
function sameNumber(a: string | undefined, b: string | undefined, prepared: Prepared): boolean {
  if (a && a === b) return prepared.values.get(a)?.shape?.every((d) => d === 1) ?? false
  const [x, y] = [a, b].map((name) => {
    if (!name) return [0]
    return prepared.isConstant(name) ? prepared.content(name).data : []
  })
  return x?.length === 1 && y?.length === 1 && x[0] === y[0]
}
