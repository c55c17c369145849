import { getOrAdd } from '../base/index.ts'
import { type Ability, isView, type Layout } from './ability.ts'
import { type Job, partsOf } from './job.ts'
import { allOf, type Channels, picked, runsOf } from './runs.ts'
import type { Prepared } from './units.ts'

/*
 * Values that are put side by side need not be copied where whoever makes them writes them to their place at once. Which value goes where is decided
 * before anything has a place:
 *
 * - The largest come first, which are the last of a chain as in DenseNet: what is put together earlier is then a part of them.
 * - A part can be written to its place by a job that says so, if all of it is wanted there, in order, and it is wanted nowhere else.
 * - Where not all parts can, a value is left in pieces if all who read it can; else those that can are written to their place, and the others copied.
 */

/** Where a value is written: from this channel on of another. */
export interface Placement {
  readonly whole: string
  readonly first: number
}

/** By name, the values that are written to their places in others. */
export function placeInWholes(jobs: readonly Job[], prepared: Prepared): Map<string, Placement> {
  const placed = new Map<string, Placement>()
  const graph = new Pieces(jobs, prepared)
  for (const job of jobs.toReversed()) {
    const channels = job.picks && graph.channels.get(job.result)
    if (!channels || new Set(channels.of).size < 2) continue
    const runs = runsOf(channels)
    const fits = runs.map((run): boolean => {
      const sole = run.first === 0 && run.step === 1 && run.count === graph.count(run.of)
      const alone = runs.filter(({ of }) => of === run.of).length === 1
      return sole && alone && !placed.has(run.of) && graph.writesParts(run.of)
    })
    if (isPart(runs, placed)) continue
    if (!fits.some((fit) => fit) || !(fits.every((fit) => fit) || graph.isWantedWhole(job.result))) continue
    runs.forEach(({ of, at }, i) => {
      if (fits[i]) placed.set(of, { whole: job.result, first: at })
    })
  }
  return placed
}

/** Whether all of it lies side by side in one larger value already. */
function isPart(
  runs: readonly { readonly of: string; readonly at: number; readonly first: number }[],
  placed: ReadonlyMap<string, Placement>,
): boolean {
  const places = runs.map(({ of, at, first }) => {
    const place = placed.get(of)
    return place && `${place.whole} ${place.first + first - at}`
  })
  return places[0] !== undefined && places.every((place) => place === places[0])
}

/** Which values are pieces of which. */
class Pieces {
  /** Of values that are put together or cut off: where their channels come from. */
  readonly channels = new Map<string, Channels<string>>()
  readonly #prepared: Prepared
  readonly #makers = new Map<string, Job>()
  readonly #readers = new Map<string, { readonly job: Job; readonly input: number | 'residual' }[]>()
  readonly #layouts = new Map<string, Layout>()

  constructor(jobs: readonly Job[], prepared: Prepared) {
    this.#prepared = prepared
    for (const job of jobs) this.#add(job)
  }

  count(value: string): number | undefined {
    const size = this.#prepared.values.get(value)?.shape?.[1]
    return typeof size === 'number' ? size : undefined
  }

  /** Whether whoever makes it can write it among the channels of a larger value. */
  writesParts(value: string): boolean {
    const job = this.#makers.get(value)
    return (
      job !== undefined &&
      partsOf(job).output === true &&
      !job.outputCodes &&
      this.#layouts.get(value) === 'channelsLast'
    )
  }

  /** Whether anybody who reads it, or pieces of it, cannot take pieces. */
  isWantedWhole(value: string): boolean {
    return (this.#readers.get(value) ?? []).some(({ job, input }) => {
      if (job.picks && this.#layouts.get(job.result) === 'channelsLast')
        return job.unit.node.outputs.some((o, i) => o !== '' && this.isWantedWhole(i === 0 ? job.result : o))
      if (isSameView(job)) return this.isWantedWhole(job.result)
      return typeof input !== 'number' || !partsOf(job).scattered?.includes(input)
    })
  }

  #add(job: Job): void {
    const { unit, inputs, result, residual, picks, ability } = job
    inputs.forEach((name, input) => {
      getOrAdd(this.#readers, name, () => []).push({ job, input })
    })
    if (residual !== undefined) getOrAdd(this.#readers, residual, () => []).push({ job, input: 'residual' })
    const names = unit.node.outputs.map((o, i) => (i === 0 ? result : o))
    const layout = this.#layoutOf(inputs, ability)
    for (const name of names) if (name !== '') this.#layouts.set(name, layout)
    if (picks?.axis === 1 && layout === 'channelsLast') {
      const given = inputs.map((name) => this.#channelsOf(name))
      picks.outputs.forEach((parts, i) => {
        const channels = names[i] ? picked(parts, given) : undefined
        if (channels) this.channels.set(names[i]!, channels)
      })
    } else if (isSameView(job)) {
      const channels = this.#channelsOf(inputs[0]!)
      if (channels) this.channels.set(result, channels)
    } else if (names[0]) this.#makers.set(result, job)
  }

  #channelsOf(value: string): Channels<string> | undefined {
    const count = this.count(value)
    return this.channels.get(value) ?? (count === undefined ? undefined : allOf(value, count))
  }

  /** As it will be, most likely: a value that is not where it was expected is copied. */
  #layoutOf(inputs: readonly string[], ability: Ability | undefined): Layout {
    if (ability?.layout !== 'same') return ability?.layout ?? 'plain'
    return inputs.some((name) => this.#layouts.get(name) === 'channelsLast') ? 'channelsLast' : 'plain'
  }
}

/** Whether it gives its input another name. */
function isSameView({ ability, unit }: Job): boolean {
  const [x] = unit.call.inputs
  const [y] = unit.call.outputs
  return (ability ? ability.alias === true : isView(unit)) && x?.shape?.join() === y?.shape?.join()
}
