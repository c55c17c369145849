import { byteLengthOf, elementCount, isConcrete } from '../base/index.ts'
import { graphInputs, usedNames } from '../graph/index.ts'
import { type Abilities, type Ability, isView, type Layout } from './ability.ts'
import { isExact, isHoldable } from './element-types.ts'
import { fuse } from './fuse.ts'
import { shareInPlace } from './in-place.ts'
import type { Job } from './job.ts'
import type { Buffer, Located, Schedule, Task } from './task.ts'
import type { Prepared } from './units.ts'

/**
 * Decides who does what in which layout, and how long every buffer lives.
 * @param keepsInputs inputs keep their memory to themselves, so that their content outlives a run
 */
export function schedule(prepared: Prepared, abilities: Abilities, keepsInputs: boolean): Schedule {
  return new Scheduler(prepared, abilities).done(keepsInputs)
}

/** Channels and positions in between: with one of either, both layouts are the same bytes. */
const layoutsAgree = (shape: readonly number[]): boolean =>
  shape.length < 3 || shape[1] === 1 || shape.slice(2).every((d) => d === 1)

class Scheduler {
  readonly #prepared: Prepared
  readonly #tasks: Task[] = []
  readonly #buffers: Buffer[] = []
  readonly #places = new Map<string, Partial<Record<Layout, Located>>>()
  readonly #inputs = new Map<string, Located>()

  constructor(prepared: Prepared, abilities: Abilities) {
    this.#prepared = prepared
    for (const { name } of graphInputs(prepared.model.graph)) {
      const place = this.#create(name, 'plain', false)
      if (place) this.#inputs.set(name, place)
    }
    for (const job of fuse(prepared, abilities)) this.#add(job)
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
  #create(value: string, wanted: Layout, byKernels: boolean, elementType: Buffer['elementType'] = 'float32') {
    const known = this.#prepared.values.get(value)
    if (!(byKernels ? isHoldable : isExact)(known?.elementType) || !isConcrete(known?.shape)) return undefined
    const layout = known.shape.length < 3 ? 'plain' : wanted
    const now = this.#tasks.length
    const buffer: Buffer = {
      elementType,
      shape: known.shape,
      layout,
      bytes: byteLengthOf(elementType, elementCount(known.shape)!),
      first: now,
      last: now,
    }
    this.#buffers.push(buffer)
    const place = { buffer, shape: known.shape, layout }
    this.#places.set(value, { [layout]: place })
    return place
  }

  /** A value in a layout, converted where it is not at hand; kept alive until the task that is being added. */
  #at(value: string, wanted: Layout): Located | undefined {
    const places = this.#places.get(value)
    const any = places?.plain ?? places?.channelsLast
    if (!places || !any) return undefined
    const layout = any.shape.length < 3 ? 'plain' : wanted
    let place = places[layout]
    if (!place && layoutsAgree(any.shape)) place = places[layout] = { ...any, layout }
    if (!place) {
      const now = this.#tasks.length
      const { elementType, bytes } = any.buffer
      const buffer: Buffer = { elementType, shape: any.shape, layout, bytes, first: now, last: now }
      this.#buffers.push(buffer)
      place = places[layout] = { buffer, shape: any.shape, layout }
      any.buffer.last = now
      this.#tasks.push({ kind: 'convert', from: any, to: place })
    }
    place.buffer.last = this.#tasks.length
    return place
  }

  #add(job: Job): void {
    const { ability, unit } = job
    const { node } = unit
    const computed = (name: string) => name !== '' && !this.#prepared.isConstant(name)
    const names = node.outputs.map((o, i) => (i === 0 ? job.result : o))
    if ((ability ? ability.alias : isView(unit)) && this.#alias(node.inputs[0]!, names)) return
    const layout = ability ? this.#layoutFor(job, ability) : 'plain'
    const plain = (which: 'inputs' | 'outputs', i: number) => ability?.plain?.[which]?.includes(i)
    const inputs = job.inputs.map((name, i) =>
      computed(name) ? this.#at(name, plain('inputs', i) ? 'plain' : layout) : undefined,
    )
    const residual = job.residual === undefined ? undefined : this.#at(job.residual, layout)
    const captured = new Map(
      usedNames(node)
        .filter((name) => computed(name) && !node.inputs.includes(name))
        .flatMap((name) => {
          const place = this.#at(name, 'plain')
          return place ? [[name, place] as const] : []
        }),
    )
    // Conversions come before; what was at hand must live until this task.
    for (const place of [...inputs, residual, ...captured.values()]) if (place) place.buffer.last = this.#tasks.length
    const outputs = names.map((name, i) =>
      name === ''
        ? undefined
        : this.#create(
            name,
            plain('outputs', i) ? 'plain' : layout,
            ability !== undefined,
            i === 0 && job.outputCodes ? 'uint8' : 'float32',
          ),
    )
    this.#tasks.push(
      ability ? { kind: 'compute', job, inputs, outputs, residual } : { kind: 'host', job, inputs, outputs, captured },
    )
  }

  #layoutFor({ inputs }: Job, { layout }: Ability): Layout {
    if (layout !== 'same') return layout
    const ranked = inputs.map((name) => this.#places.get(name)).filter((p) => p !== undefined)
    // Channels last where any input has it: kernels like it, and so does what comes next.
    return ranked.some((p) => p.channelsLast) ? 'channelsLast' : 'plain'
  }

  /** A view shares its input's memory. */
  #alias(input: string, outputs: readonly string[]): boolean {
    const [output] = outputs
    const known = output ? this.#prepared.values.get(output) : undefined
    if (!output || outputs.some((o, i) => i > 0 && o !== '') || !isConcrete(known?.shape) || !this.#places.has(input))
      return false
    const places = this.#places.get(input)!
    if (known.shape.join() === (places.plain ?? places.channelsLast)?.shape.join()) {
      // The same value by another name, in every layout in which it is at hand or will be.
      this.#places.set(output, places)
      return true
    }
    const from = this.#at(input, 'plain')!
    this.#places.set(output, { plain: { buffer: from.buffer, shape: known.shape, layout: 'plain' } })
    return true
  }
}
