import { capturedNames, type Epilogue, graphInputs, subgraphsOf } from '../graph/index.ts'
import { clamped } from '../ops/index.ts'
import { type Abilities, abilityOf, isView, passes } from './ability.ts'
import { isAffine } from './affine.ts'
import { findCentred } from './centred.ts'
import { findCodes } from './codes.ts'
import { isCode, isPlaced } from './element-types.ts'
import { type Job, widthOfOutput } from './job.ts'
import { findShuffles, shufflePicks } from './shuffle.ts'
import { contentOf, type Prepared, type Unit } from './units.ts'
import { WholeNumbers } from './whole-numbers.ts'

/*
 * What a backend can do to a result before it is stored is done there: BatchNormalization behind a convolution goes into its weights, a
 * residual addition and a clamp (ReLU, Clip) into its epilogue. Each saves writing and reading the whole activation once.
 */

export function fuse(prepared: Prepared, abilities: Abilities): Job[] {
  const jobs: Job[] = []
  /** The job that makes a value as its first output. */
  const maker = new Map<string, number>()
  const readers = countReaders(prepared)
  /** Values in the plan's buffers. */
  const lying = new Set(
    graphInputs(prepared.model.graph).flatMap(({ name }) => (isPlaced(prepared.values.get(name)) ? [name] : [])),
  )
  const shuffles = abilities.shuffles ? findShuffles(prepared) : { starts: new Map(), absorbed: new Set() }
  const wholes = new WholeNumbers(prepared, abilities)
  const coded = findCodes(prepared, (unit, form) => {
    const ability = abilityOf(unit, abilities, prepared, () => true)
    return typeof ability !== 'string' && ability[form] !== undefined
  })
  /** The job that makes a value for one reader alone, as its first output: of several only the first can be changed. */
  const onlyFor = (value: string | undefined) => {
    const index = value === undefined ? undefined : maker.get(value)
    if (index === undefined || readers.get(value!) !== 1) return undefined
    const job = jobs[index]!
    return job.result === value ? { index, job } : undefined
  }
  /** The job that a unit can be fused into through one of its inputs. */
  const candidate = (value: string | undefined, ability: 'affine' | 'residual' | 'clamp' | 'codes') => {
    const found = onlyFor(value)
    if (!found) return undefined
    const { job } = found
    const fused = job.ability?.fuses
    const clamped = job.lo !== Number.NEGATIVE_INFINITY || job.hi !== Number.POSITIVE_INFINITY
    const later =
      ability === 'affine'
        ? job.residual !== undefined || job.affine !== undefined || clamped
        : ability === 'residual'
          ? job.residual !== undefined || clamped
          : // What is added is float32, and sums of codes are put out at once.
            ability === 'codes' && job.residual !== undefined
    return fused?.[ability] && !later ? found : undefined
  }
  const replace = (index: number, job: Job, result: string) => {
    jobs[index] = { ...job, result }
    maker.set(result, index)
    lying.add(result)
  }
  for (const unit of prepared.units) {
    if (coded.absorbed.has(unit.node) || shuffles.absorbed.has(unit.node)) continue
    const unbounded = { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY }
    const shuffle = shuffles.starts.get(unit.node)
    if (shuffle) {
      maker.set(shuffle.result, jobs.length)
      lying.add(shuffle.result)
      const form = { shuffle: shuffle.groups }
      const inputs = [unit.node.inputs[0]!]
      const picks = shufflePicks(shuffle.groups, unit)
      jobs.push({ unit, ability: abilities.shuffles, form, picks, inputs, ...unbounded, result: shuffle.result })
      continue
    }
    const [first, second] = unit.node.inputs
    const result = unit.node.outputs[0]!
    const codes = coded.makers.get(unit.node)
    const quantised = codes === undefined ? undefined : candidate(first, 'codes')
    if (codes !== undefined && quantised) {
      replace(quantised.index, { ...quantised.job, outputCodes: coded.values.get(codes) }, codes)
      continue
    }
    const passed = passes(unit, abilities) ? onlyFor(first) : undefined
    if (passed?.job.ability && widthOfOutput(passed.job, 0) === 'float32') {
      replace(passed.index, passed.job, result)
      continue
    }
    const scaled = candidate(first, 'affine')
    if (scaled && isAffine(unit, prepared)) {
      replace(scaled.index, { ...scaled.job, affine: unit }, result)
      continue
    }
    const epilogue = epilogueOf(unit, prepared)
    const bounded = epilogue?.kind === 'clamp' && candidate(first, 'clamp')
    if (bounded && clampsAs(bounded.job, unit)) {
      replace(bounded.index, { ...bounded.job, ...clamped(bounded.job, epilogue) }, result)
      continue
    }
    if (epilogue?.kind === 'sum' && addsTwo(unit, prepared)) {
      // The later of the two makers adds what the earlier one made.
      const options = [
        [first, second],
        [second, first],
      ].flatMap(([own, other]) => {
        const found = candidate(own, 'residual')
        const before = other === undefined ? -1 : (maker.get(other) ?? -1)
        return found && own !== other && before < found.index ? [{ ...found, other: other! }] : []
      })
      const added = options.sort((a, b) => b.index - a.index)[0]
      if (added) {
        replace(added.index, { ...added.job, residual: added.other }, result)
        continue
      }
    }
    unit.node.outputs.forEach((o) => {
      if (o !== '') maker.set(o, jobs.length)
    })
    const { inputs } = unit.node
    const read = coded.readers.get(unit.node)
    const own = abilityOf(unit, abilities, prepared, (value) => lying.has(value) || read !== undefined)
    const found = typeof own === 'string' ? own : (wholes.refuses(unit) ?? own)
    const [ability, why] = typeof found === 'string' ? [undefined, found] : [found]
    const renamed = ability === undefined && isView(unit) && lying.has(first!)
    unit.node.outputs.forEach((name, i) => {
      if (name !== '' && (ability || renamed || isPlaced(unit.call.outputs[i]))) lying.add(name)
    })
    if (codes !== undefined) {
      const outputCodes = coded.values.get(codes)
      const own = { ability: ability?.toBytes, form: 'toBytes', inputs: [first!] } as const
      jobs.push({ unit, ...own, outputCodes, ...unbounded, result: codes })
    } else if (read !== undefined) {
      const inputCodes = coded.values.get(read)
      const own = { ability: ability?.ofCodes, form: 'ofCodes', inputs: [read, ...inputs.slice(1)] } as const
      jobs.push({ unit, ...own, inputCodes, ...unbounded, result })
    } else {
      const own = ability?.bytes
        ? ({ ability: ability.bytes, form: 'bytes' } as const)
        : ({ ability, form: 'node', picks: ability && unit.operator.picks?.(unit.call) } as const)
      jobs.push({ unit, ...own, why, inputs, ...unbounded, result })
    }
  }
  const centred = findCentred(jobs, prepared)
  return centred.size === 0 ? jobs : jobs.map((job) => ({ ...job, centred }))
}

/** How often each value is read; being a graph output counts as one more. */
function countReaders({ units, model }: Prepared): Map<string, number> {
  const readers = new Map<string, number>()
  const read = (name: string) => readers.set(name, (readers.get(name) ?? 0) + 1)
  for (const { node } of units) {
    for (const name of node.inputs) if (name !== '') read(name)
    // What a body reads stays as it is.
    for (const body of subgraphsOf(node)) for (const name of capturedNames(body)) for (let i = 0; i < 2; i++) read(name)
  }
  for (const output of model.graph.outputs) {
    read(output.name)
    read(output.name)
  }
  return readers
}

/** What a unit of float32, or of codes, does that its first input's maker may do. */
function epilogueOf(unit: Unit, prepared: Prepared): Epilogue | undefined {
  const { operator, call } = unit
  const [x] = call.inputs
  return x?.elementType === 'float32' || isCode(x) ? operator.epilogue?.(call, contentOf(unit, prepared)) : undefined
}

/** Whether a job bounds what the unit does: numbers, or codes that it makes as bytes. */
const clampsAs = (job: Job, { call }: Unit): boolean => isCode(call.inputs[0]) === (widthOfOutput(job, 0) === 'uint8')

/** Whether what is added are two computed values of one shape. */
function addsTwo({ node, call }: Unit, prepared: Prepared): boolean {
  const [a, b] = call.inputs
  return (
    node.inputs.length === 2 &&
    a?.shape?.join() === b?.shape?.join() &&
    !node.inputs.some((name) => prepared.isConstant(name))
  )
}
