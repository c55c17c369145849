import { KerfError } from '../base/index.ts'

/** Far more channels than networks have, and fewer than a Map has room for. */
const mostLabels = 2 ** 23

/** Why labels must stay, and where that was found out. */
export interface Freeze {
  readonly node: string
  readonly why: string
}

/**
 * Union–find over channel labels. A set is frozen when one of its members must stay; the first reason is kept.
 */
export class LabelSets {
  #parent = new Int32Array(1024)
  #count = 0
  readonly #frozen = new Map<number, Freeze>()

  get count(): number {
    return this.#count
  }

  /** `count` new labels, each a set of its own. @throws KerfError `too-large` */
  fresh(count: number): Int32Array {
    if (this.#count + count > mostLabels)
      throw new KerfError(
        'too-large',
        `The model has more than ${mostLabels} channels, which are not followed: one layer of it has ${count}. Prune a smaller model.`,
        { limit: mostLabels, count },
      )
    if (this.#count + count > this.#parent.length) {
      const larger = new Int32Array(2 * (this.#count + count))
      larger.set(this.#parent)
      this.#parent = larger
    }
    const labels = new Int32Array(count)
    for (let i = 0; i < count; i++) {
      labels[i] = this.#count
      this.#parent[this.#count] = this.#count++
    }
    return labels
  }

  /** The representative of a label's set. */
  find(label: number): number {
    const parent = this.#parent
    let root = label
    while (parent[root] !== root) root = parent[root]!
    for (let l = label; l !== root; ) {
      const next = parent[l]!
      parent[l] = root
      l = next
    }
    return root
  }

  unite(a: number, b: number): void {
    const ra = this.find(a)
    const rb = this.find(b)
    if (ra === rb) return
    this.#parent[rb] = ra
    const reason = this.#frozen.get(ra) ?? this.#frozen.get(rb)
    this.#frozen.delete(rb)
    if (reason) this.#frozen.set(ra, reason)
  }

  freeze(label: number, reason: Freeze): void {
    const root = this.find(label)
    if (!this.#frozen.has(root)) this.#frozen.set(root, reason)
  }

  frozen(label: number): Freeze | undefined {
    return this.#frozen.get(this.find(label))
  }
}
