import { byteLengthOf, elementCount, isConcrete } from '../base/index.ts'
import { graphInputs, usedNames } from '../graph/index.ts'
import { type Ability, isView, type Layout, type Parts } from './ability.ts'
import { isExact, isHoldable, type Width } from './element-types.ts'
import { shareInPlace } from './in-place.ts'
import { type Job, partsOf, widthOfInput, widthOfOutput } from './job.ts'
import { type Placement, placeInWholes } from './joins.ts'
import { buffersOf, type Channels, channelsOf, isInOrder, isOneRun, locatedAt, picked, pixelOf } from './runs.ts'
import type { Buffer, Located, Run, Schedule, Task } from './task.ts'
import type { Prepared } from './units.ts'

/** How a schedule is made. */
export interface ScheduleOptions {
  /** Inputs keep their memory to themselves, so that their content outlives a run. */
  readonly keepsInputs: boolean
  /** In how many runs channels of a value may lie, at most; 0: nothing lies among the channels of something else. */
  readonly mostRuns: number
}

/** Decides who does what in which layout, and how long every buffer lives. @param jobs in their order */
export function schedule(prepared: Prepared, jobs: readonly Job[], options: ScheduleOptions): Schedule {
  return new Scheduler(prepared, jobs, options.mostRuns).done(options.keepsInputs)
}

/** Channels and positions in between: with one of either, both layouts are the same bytes. */
const layoutsAgree = (shape: readonly number[]): boolean =>
  shape.length < 3 || shape[1] === 1 || shape.slice(2).every((d) => d === 1)

/** How a value may lie for who reads it: with pixels of its own, as one run of channels, or in any. */
type Form = 'whole' | 'oneRun' | 'scattered'

/** Whether the pixels are those of its buffer, which runs count by: a view has another shape. */
const hasOwnPixels = ({ buffer, shape, runs }: Located): boolean => runs !== undefined || buffer.shape[1] === shape[1]

const isIn = (place: Located, form: Form): boolean =>
  !place.runs || form === 'scattered' || (form === 'oneRun' && isOneRun(place))

type Held = Partial<Record<Layout, Located>>

/** Where a value lies, in the forms in which it is at hand. */
type Places = Partial<Record<Width, Held>>

/** Any of the places. */
const anyOf = (held: Held | undefined): Located | undefined => held?.plain ?? held?.channelsLast

class Scheduler {
  readonly #prepared: Prepared
  readonly #mostRuns: number
  /** Values that are written to their places in others. */
  readonly #placed: ReadonlyMap<string, Placement>
  /** By name, the memory of values to which others are written. */
  readonly #wholes = new Map<string, Buffer>()
  readonly #tasks: Task[] = []
  readonly #buffers: Buffer[] = []
  readonly #places = new Map<string, Places>()
  readonly #inputs = new Map<string, Located>()

  constructor(prepared: Prepared, jobs: readonly Job[], mostRuns: number) {
    this.#prepared = prepared
    this.#mostRuns = mostRuns
    for (const { name } of graphInputs(prepared.model.graph)) {
      const place = this.#create(name, 'plain', false)
      if (place) this.#inputs.set(name, place)
    }
    this.#placed = mostRuns === 0 ? new Map() : placeInWholes(jobs, prepared)
    for (const job of jobs) this.#add(job)
  }

  done(keepsInputs: boolean): Schedule {
    const outputs = new Map<string, Located>()
    for (const { name } of this.#prepared.model.graph.outputs) {
      const place = this.#places.has(name) ? this.#at(name, 'plain') : undefined
      if (place) outputs.set(name, place)
    }
    // Outputs are read after the last task.
    for (const { buffer } of outputs.values()) buffer.last = this.#tasks.length
    if (keepsInputs) for (const { buffer } of this.#inputs.values()) buffer.last = this.#tasks.length
    const homes = shareInPlace(this.#tasks)
    const buffers = this.#buffers.filter((b) => !homes.has(b))
    return { tasks: this.#tasks, buffers, homes, inputs: this.#inputs, outputs }
  }

  /**
   * A new buffer for a value of known shape; undefined for one of another element type, which the host keeps.
   * @param byKernels whether kernels make it
   */
  #create(value: string, wanted: Layout, byKernels: boolean, width: Width = 'float32') {
    const known = this.#prepared.values.get(value)
    if (!(byKernels ? isHoldable : isExact)(known?.elementType) || !isConcrete(known?.shape)) return undefined
    const layout = known.shape.length < 3 ? 'plain' : wanted
    const buffer = this.#buffer(known.shape, layout, width, this.#leastOf(value))
    const place = { buffer, shape: known.shape, layout }
    this.#places.set(value, { [width]: { [layout]: place } })
    return place
  }

  /** The code that byte 0 is, where a value is held as bytes. */
  #leastOf(value: string): number {
    return this.#prepared.values.get(value)?.elementType === 'int8' ? -128 : 0
  }

  #buffer(shape: readonly number[], layout: Layout, elementType: Width, least = 0): Buffer {
    const now = this.#tasks.length
    const bytes = byteLengthOf(elementType, elementCount(shape)!)
    const buffer: Buffer = { elementType, least, shape, layout, bytes, first: now, last: now }
    this.#buffers.push(buffer)
    return buffer
  }

  /** A value in a layout and form, converted or copied where it is not at hand; kept alive until the task that is being added. */
  #at(value: string, wanted: Layout, form: Form = 'whole', width: Width = 'float32'): Located | undefined {
    const all = this.#places.get(value)
    if (!all) return undefined
    if (!all[width]) this.#convertWidth(value, all, wanted, width)
    const places = all[width]!
    const any = anyOf(places)!
    const layout = any.shape.length < 3 ? 'plain' : wanted
    let place = places[layout]
    if (!place && !any.runs && layoutsAgree(any.shape)) place = places[layout] = { ...any, layout }
    if (!place || !isIn(place, form)) place = places[layout] = this.#converted(value, place ?? any, layout)
    this.#keep(place)
    return place
  }

  /** A value in another layout, or with pixels of its own; where others have been written to their places in it, only what is missing is copied. */
  #converted(value: string, from: Located, layout: Layout): Located {
    const { shape } = from
    const { elementType, least } = from.buffer
    // Bytes change their layout in one piece.
    if (from.runs && elementType === 'uint8' && from.layout !== layout)
      return this.#converted(value, this.#converted(value, from, from.layout), layout)
    const begun = layout === 'channelsLast' && from.layout === layout ? this.#wholes.get(value) : undefined
    const buffer = begun?.elementType === elementType ? begun : this.#buffer(shape, layout, elementType, least)
    const runs = from.runs?.filter((run) => !isInPlace(run, buffer))
    this.#keep(from)
    this.#tasks.push({ kind: 'convert', from: runs ? { ...from, runs } : from, to: { buffer, shape, layout } })
    return { buffer, shape, layout }
  }

  /** Holds a value the other way, too. Its layout changes while it is bytes: they are fewer. */
  #convertWidth(value: string, all: Places, wanted: Layout, width: Width): void {
    const own: Width = width === 'uint8' ? 'float32' : 'uint8'
    const { layout } = anyOf(all[own])!
    const from = this.#at(value, own === 'uint8' ? wanted : layout, 'whole', own)!
    const buffer = this.#buffer(from.shape, from.layout, width, this.#leastOf(value))
    const to = { ...from, buffer }
    this.#tasks.push({ kind: 'convert', from, to })
    all[width] = { [to.layout]: to }
  }

  /** Keeps a value alive until the task that is being added. */
  #keep(place: Located): void {
    for (const buffer of buffersOf(place)) buffer.last = this.#tasks.length
  }

  #add(job: Job): void {
    const { ability, unit } = job
    const { node } = unit
    const parts = partsOf(job)
    const computed = (name: string) => name !== '' && !this.#prepared.isConstant(name)
    const names = node.outputs.map((o, i) => (i === 0 ? job.result : o))
    if ((ability ? ability.alias : isView(unit)) && this.#alias(node.inputs[0]!, names)) return
    if (this.#pick(job, names)) return
    const layout = ability ? this.#layoutFor(job, ability) : 'plain'
    const plain = (which: 'inputs' | 'outputs', i: number) => ability?.plain?.[which]?.includes(i)
    const inputs = job.inputs.map((name, i) =>
      computed(name)
        ? this.#at(name, plain('inputs', i) ? 'plain' : layout, formOf(parts, i), widthOfInput(job, i))
        : undefined,
    )
    const [x] = inputs
    const asItComes = parts.eachChannel && x && !isInOrder(x) ? x : undefined
    const home = asItComes ? undefined : this.#homeFor(job, layout)
    const residual = this.#residual(job, layout, home)
    const captured = new Map(
      usedNames(node)
        .filter((name) => computed(name) && !node.inputs.includes(name))
        .flatMap((name) => {
          const place = this.#at(name, 'plain')
          return place ? [[name, place] as const] : []
        }),
    )
    // Conversions come before; what was at hand must live until this task.
    for (const place of [...inputs, residual, ...captured.values()]) if (place) this.#keep(place)
    const outputs = names.map((name, i) => {
      if (name === '') return undefined
      const layoutOfIt = plain('outputs', i) ? 'plain' : layout
      const width = widthOfOutput(job, i)
      if (i === 0 && home && (!residual || pixelOf(residual) === home.shape[1])) return this.#inWhole(name, home)
      const own = this.#create(name, layoutOfIt, ability !== undefined, width)
      return i === 0 && asItComes && own ? this.#asItComes(name, asItComes, own, width) : own
    })
    this.#tasks.push(
      ability ? { kind: 'compute', job, inputs, outputs, residual } : { kind: 'host', job, inputs, outputs, captured },
    )
  }

  /** The memory of the value that a job's result is a part of. */
  #homeFor(job: Job, layout: Layout): Buffer | undefined {
    const placement = this.#placed.get(job.result)
    const shape = placement && this.#prepared.values.get(placement.whole)?.shape
    if (!isConcrete(shape) || layout !== 'channelsLast') return undefined
    const width = widthOfOutput(job, 0)
    const known = this.#wholes.get(placement!.whole)
    // Of parts that are held otherwise the first decides.
    if (known) return known.elementType === width ? known : undefined
    const whole = this.#buffer(shape, layout, width, this.#leastOf(placement!.whole))
    this.#wholes.set(placement!.whole, whole)
    return whole
  }

  /** A result at its place in a larger value. */
  #inWhole(value: string, buffer: Buffer): Located {
    const shape = this.#prepared.values.get(value)!.shape as readonly number[]
    const { first } = this.#placed.get(value)!
    this.#keep({ buffer, shape, layout: 'channelsLast' })
    const runs = [{ buffer, first, count: shape[1]!, at: 0, step: 1 }]
    const place: Located = { buffer, shape, layout: 'channelsLast', runs }
    this.#places.set(value, { [buffer.elementType]: { channelsLast: place } })
    return place
  }

  /** A result whose channels lie in the order of the input's runs. */
  #asItComes(value: string, { runs = [] }: Located, place: Located, width: Width): Located {
    let first = 0
    const own = runs.map((run): Run => {
      const moved = { ...run, buffer: place.buffer, first }
      first += run.count
      return moved
    })
    const located = locatedAt(channelsOf({ ...place, runs: own }), place.shape)
    this.#places.set(value, { [width]: { channelsLast: located } })
    return located
  }

  /** What is added, side by side where the result is; with pixels of its own where those are as far apart as the result's. */
  #residual(job: Job, layout: Layout, home: Buffer | undefined): Located | undefined {
    const { residual } = job
    if (residual === undefined) return undefined
    const width = widthOfOutput(job, 0)
    const place = this.#at(residual, layout, partsOf(job).residual ? 'oneRun' : 'whole', width)
    if (!place?.runs || (home && pixelOf(place) === home.shape[1])) return place
    return this.#at(residual, layout, 'whole', width)
  }

  /** Lets outputs that are channels of its inputs lie where these do. */
  #pick({ picks, inputs }: Job, names: readonly string[]): boolean {
    if (this.#mostRuns === 0 || picks?.axis !== 1) return false
    const used = [...new Set(picks.outputs.flatMap((parts) => parts.map(({ input }) => input)))]
    const width = (['uint8', 'float32'] as const).find((own) =>
      used.every((i) => this.#places.get(inputs[i]!)?.[own] !== undefined),
    )
    if (!width) return false
    const isLast = (i: number) => (this.#places.get(inputs[i]!)![width]!.channelsLast?.shape.length ?? 0) > 2
    if (!used.some(isLast)) return false
    const found = names.map((name, i): Located | undefined => {
      const known = name === '' ? undefined : this.#prepared.values.get(name)
      if (!isConcrete(known?.shape)) return undefined
      const given = inputs.map((input, n) =>
        used.includes(n) ? this.#at(input, 'channelsLast', 'scattered', width)! : undefined,
      )
      if (given.some((place) => place && !hasOwnPixels(place))) return undefined
      const channels = given.map((place): Channels<Buffer> | undefined => place && channelsOf(place))
      return locatedAt(picked(picks.outputs[i]!, channels)!, known.shape)
    })
    if (names.some((name, i) => name !== '' && (!found[i] || (found[i].runs?.length ?? 1) > this.#mostRuns)))
      return false
    names.forEach((name, i) => {
      if (name !== '') this.#places.set(name, { [width]: { channelsLast: found[i]! } })
    })
    return true
  }

  #layoutFor({ inputs }: Job, { layout }: Ability): Layout {
    if (layout !== 'same') return layout
    const ranked = inputs.map((name) => this.#places.get(name)).filter((p) => p !== undefined)
    // Channels last where any input has it: kernels like it, and so does what comes next.
    return ranked.some((p) => (p.float32 ?? p.uint8)?.channelsLast) ? 'channelsLast' : 'plain'
  }

  /** A view shares its input's memory. */
  #alias(input: string, outputs: readonly string[]): boolean {
    const [output] = outputs
    const known = output ? this.#prepared.values.get(output) : undefined
    if (!output || outputs.some((o, i) => i > 0 && o !== '') || !isConcrete(known?.shape) || !this.#places.has(input))
      return false
    const places = this.#places.get(input)!
    const width = places.float32 ? 'float32' : 'uint8'
    if (known.shape.join() === anyOf(places[width])?.shape.join()) {
      // The same value by another name, in every layout in which it is at hand or will be.
      this.#places.set(output, places)
      return true
    }
    const from = this.#at(input, 'plain', 'whole', width)!
    this.#places.set(output, { [width]: { plain: { buffer: from.buffer, shape: known.shape, layout: 'plain' } } })
    return true
  }
}

const formOf = ({ inputs, scattered }: Parts, input: number): Form => {
  if (scattered?.includes(input)) return 'scattered'
  return inputs?.includes(input) ? 'oneRun' : 'whole'
}

/** Whether channels of a value lie where they would in a buffer of its own. */
const isInPlace = ({ buffer, first, at, step, count }: Run, whole: Buffer): boolean =>
  buffer === whole && first === at && (step === 1 || count === 1)
