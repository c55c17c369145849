import { isConcrete, stridesOf } from '../base/index.ts'
import type { Labels, Track } from '../graph/index.ts'
import type { ChannelTrace } from './channel-trace.ts'

/** What remains of every labelled axis when some channels are removed. Indices are in old numbering, ascending. */
export class Survivors {
  readonly #trace: ChannelTrace
  readonly #removed: ReadonlySet<number>
  readonly #known = new Map<Labels, Int32Array | undefined>()

  constructor(trace: ChannelTrace, removed: ReadonlySet<number>) {
    this.#trace = trace
    this.#removed = removed
  }

  isRemoved(label: number): boolean {
    return this.#removed.has(this.#trace.labels.find(label))
  }

  /** Surviving indices; undefined when nothing is lost. */
  of(labels: Labels): Int32Array | undefined {
    if (!this.#known.has(labels)) this.#known.set(labels, this.#survivors(labels))
    return this.#known.get(labels)
  }

  #survivors(labels: Labels): Int32Array | undefined {
    let lost = false
    const kept: number[] = []
    labels.forEach((label, i) => {
      if (this.isRemoved(label)) lost = true
      else kept.push(i)
    })
    return lost ? Int32Array.from(kept) : undefined
  }

  /** Surviving indices of one axis of a value; undefined when it loses nothing (or the survivors form no box: see `isBox`). */
  ofValue(value: string, axis: number): Int32Array | undefined {
    for (const track of this.#trace.tracks.get(value) ?? [])
      if (track.axes.includes(axis))
        return this.#trace.rows.has(value)
          ? undefined
          : track.axes.length === 1
            ? this.of(track.labels)
            : this.#project(value, track)?.get(axis)
    return undefined
  }

  ofTensor(tensor: string, axis: number): Int32Array | undefined {
    const labels = this.#trace.tensorAxes.get(tensor)?.get(axis)
    return labels && this.of(labels)
  }

  /** Whether what survives of a value is again a dense tensor. Not so inside a shuffle, for most choices. */
  isBox(value: string): boolean {
    return (this.#trace.tracks.get(value) ?? []).every(
      (t) => t.axes.length === 1 || this.#project(value, t) !== undefined,
    )
  }

  /** How long the rows of a value are of which each loses as many. */
  #rowLength(value: string, axis: number): number | undefined {
    const [track] = this.#trace.rows.has(value) ? (this.#trace.tracks.get(value) ?? []) : []
    if (!track || track.axes[1] !== axis) return undefined
    const rows = this.#trace.analysis.values.get(value)?.shape?.[track.axes[0]!] as number
    return (this.of(track.labels) ?? track.labels).length / rows
  }

  shapeOf(value: string): readonly number[] | undefined {
    const shape = this.#trace.analysis.values.get(value)?.shape
    return isConcrete(shape)
      ? shape.map(
          (d, axis) =>
            this.#rowLength(value, axis) ??
            this.ofValue(value, axis)?.length ??
            this.ofTensor(value, axis)?.length ??
            d,
        )
      : undefined
  }

  /** Per axis of a track over several axes that loses something, the surviving indices; undefined when the survivors are not their product. */
  #project(value: string, track: Track): Map<number, Int32Array> | undefined {
    const shape = this.#trace.analysis.values.get(value)?.shape as readonly number[]
    const sizes = track.axes.map((a) => shape[a]!)
    const strides = stridesOf(sizes)
    const alive = sizes.map((s) => new Array<boolean>(s).fill(false))
    let count = 0
    track.labels.forEach((label, i) => {
      if (this.isRemoved(label)) return
      count++
      sizes.forEach((size, n) => {
        alive[n]![Math.floor(i / strides[n]!) % size] = true
      })
    })
    const kept = alive.map((a) => Int32Array.from(a.flatMap((yes, i) => (yes ? [i] : []))))
    if (kept.reduce((p, k) => p * k.length, 1) !== count) return undefined
    return new Map(
      track.axes.flatMap((a, n) => {
        const own = kept[n] as Int32Array
        return own.length < sizes[n]! ? [[a, own] as const] : []
      }),
    )
  }
}
