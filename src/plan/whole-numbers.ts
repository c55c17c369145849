import { getOrAdd, largest } from '../base/index.ts'
import { usedNames } from '../graph/index.ts'
import { type Abilities, isView } from './ability.ts'
import { narrowRanges } from './element-types.ts'
import type { Prepared, Unit } from './units.ts'
import type { Wholes, WholesRule } from './wholes.ts'

/*
 * int32 in float32. Buffers hold whole numbers as float32, which has all of them up to 2^24 and some beyond. A backend may make an int32 value
 *
 * - where float32 surely holds its numbers: they came from float32, or the sizes of what they are made of bound them (`integers` of abilities);
 * - where nobody sees more than float32 shows: whatever is made of it ends as float32 (a Cast, a DequantizeLinear), directly or through operators that
 *   the backend has for whole numbers. Sums of codes beyond 2^24 are rounded there as float32 sums are; one operation on exact operands is rounded as
 *   the Cast behind it would have done.
 *
 * Everything else the reference does, exactly: int32 that is an output of the model, that a body reads, that is divided or compared. Results past
 * int32 do not wrap in the backend.
 */

/** Whole numbers up to here are all float32 numbers. */
const exactFloats = 2 ** 24

export class WholeNumbers {
  readonly #prepared: Prepared
  readonly #abilities: Abilities
  readonly #readers = new Map<string, Unit[]>()
  /** Values that somebody sees as they are. */
  readonly #seen: Set<string>
  readonly #makers = new Map<string, Unit>()
  readonly #rounded = new Map<string, boolean>()
  readonly #known = new Map<string, Wholes | undefined>()

  constructor(prepared: Prepared, abilities: Abilities) {
    this.#prepared = prepared
    this.#abilities = abilities
    this.#seen = new Set(prepared.model.graph.outputs.map((o) => o.name))
    for (const unit of prepared.units) {
      const { inputs, outputs } = unit.node
      for (const name of usedNames(unit.node))
        if (inputs.includes(name)) getOrAdd(this.#readers, name, () => []).push(unit)
        else this.#seen.add(name)
      for (const name of outputs) this.#makers.set(name, unit)
    }
  }

  /** Why a backend may not make the unit's int32 outputs, or undefined. */
  refuses({ node, call }: Unit): string | undefined {
    const made = node.outputs.filter((name, i) => name !== '' && call.outputs[i]?.elementType === 'int32')
    if (made.length === 0) return undefined
    const inexact = node.inputs.findIndex(
      (name) => name !== '' && this.#prepared.isConstant(name) && this.#of(name)?.exact === false,
    )
    if (inexact >= 0) return `input ${inexact} has whole numbers that float32 does not hold`
    return made.every((name) => this.#isRounded(name) || this.#of(name)?.exact)
      ? undefined
      : 'its whole numbers may be beyond 2^24, and are wanted as they are'
  }

  /** Whether all that comes of a value is float32. */
  #isRounded(value: string): boolean {
    const known = this.#rounded.get(value)
    if (known !== undefined) return known
    const rounded =
      !this.#seen.has(value) &&
      (this.#readers.get(value) ?? []).every((unit) => {
        const follows = isView(unit) || this.#integers(unit)
        return Boolean(follows) && unit.node.outputs.every((name, i) => name === '' || this.#endsAsFloat(name, unit, i))
      })
    this.#rounded.set(value, rounded)
    return rounded
  }

  #integers({ node, call, operator }: Unit): boolean | WholesRule | undefined {
    const ability = this.#abilities.supports(call, (i) => this.#prepared.isConstant(node.inputs[i] ?? ''), operator)
    return typeof ability === 'string' ? undefined : ability.integers
  }

  #endsAsFloat(name: string, { call }: Unit, output: number): boolean {
    const type = call.outputs[output]?.elementType
    return type === 'float32' || (type === 'int32' && this.#isRounded(name))
  }

  /** undefined: of a type that no buffer holds, as shapes and axes are. */
  #of(value: string): Wholes | undefined {
    return getOrAdd(this.#known, value, () => this.#find(value))
  }

  #find(value: string): Wholes | undefined {
    const elementType = this.#prepared.values.get(value)?.elementType
    const narrow = elementType && narrowRanges[elementType]
    if (narrow) return within(largest(narrow.map(Math.abs)))
    if (elementType === 'float32') return { exact: true, most: Number.POSITIVE_INFINITY }
    if (elementType !== 'int32') return undefined
    if (this.#prepared.isConstant(value)) {
      const { data } = this.#prepared.content(value)
      let [exact, most] = [true, 0]
      for (let i = 0; i < data.length; i++) {
        exact &&= Math.fround(data[i]!) === data[i]
        most = Math.max(most, Math.abs(data[i]!))
      }
      return { exact, most }
    }
    const maker = this.#makers.get(value)
    if (!maker) return unknown
    const { node, call } = maker
    const rule = isView(maker) ? same : this.#integers(maker)
    if (!rule) return unknown
    const inputs = node.inputs.map((name) => (name === '' ? undefined : this.#of(name)))
    const constant = (i: number) => {
      const name = node.inputs[i] ?? ''
      return name !== '' && this.#prepared.isConstant(name) ? this.#prepared.content(name) : undefined
    }
    return (typeof rule === 'function' ? rule : joined)(inputs, call, constant)
  }
}

const unknown: Wholes = { exact: false, most: Number.POSITIVE_INFINITY }

/** Numbers of at most this size. */
export const within = (most: number): Wholes => ({ exact: most <= exactFloats, most })

const same: WholesRule = ([x = unknown]) => x

/** Of operators whose results are numbers of their inputs. */
const joined: WholesRule = (inputs) => {
  const given = inputs.filter((x) => x !== undefined)
  return { exact: given.every((x) => x.exact), most: largest(given.map((x) => x.most)) }
}
