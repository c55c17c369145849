import type { Layer, NamedShape } from '../../cost/index.ts'

/** Which layer makes what another one reads, by their places in the network. */
export class Wiring {
  readonly #places: ReadonlyMap<Layer, number>
  readonly #makers = new Map<string, number>()
  /** For each place how many values are made before it and read there or behind. */
  readonly #passing: Int32Array
  readonly #keys = new Map<Layer, string>()

  constructor(layers: readonly Layer[]) {
    this.#places = new Map(layers.map((layer, i) => [layer, i]))
    layers.forEach((layer, i) => {
      for (const { name } of layer.outputs) if (name !== '') this.#makers.set(name, i)
    })
    const last = new Map<string, number>()
    layers.forEach((layer, i) => {
      for (const { name, constant } of layer.inputs) if (!constant) last.set(name, i)
    })
    const steps = new Int32Array(layers.length + 2)
    for (const [name, end] of last) {
      const start = this.#makers.get(name) ?? -1
      if (start >= end) continue
      steps[start + 1] = steps[start + 1]! + 1
      steps[end + 1] = steps[end + 1]! - 1
    }
    let sum = 0
    this.#passing = steps.map((step) => {
      sum += step
      return sum
    })
  }

  /** How many values pass from what runs before a layer to it and what runs behind. */
  passing(layer: Layer): number {
    return this.#passing[this.#places.get(layer)!]!
  }

  /** The same for layers that do the same to values of the same shapes, from as far in front of them. */
  keyOf(layer: Layer): string {
    const before = this.#keys.get(layer)
    if (before !== undefined) return before
    const place = this.#places.get(layer)!
    const { op, kind, window, inputs, outputs, macs, adds, others } = layer
    const readsOf = ({ name, shape, constant }: NamedShape) => [
      shape,
      constant ? 'c' : place - (this.#makers.get(name) ?? -1),
    ]
    const key = JSON.stringify([op, kind, window, inputs.map(readsOf), outputs.map((o) => o.shape), macs, adds, others])
    this.#keys.set(layer, key)
    return key
  }
}
