/*
 * What values a tensor takes, seen batch by batch: extremes, moments and a histogram, from which a range for its codes is chosen. Exact zeros
 * (what ReLU leaves) are counted by themselves: they are a code whatever the range is.
 */

/** Bins on either side of 0. */
const half = 2048

export class Observer {
  #count = 0
  #zeros = 0
  #squares = 0
  #min = Number.POSITIVE_INFINITY
  #max = Number.NEGATIVE_INFINITY
  /** Bin i holds values in [i − half, i − half + 1) · width. */
  #bins = new Float64Array(2 * half)
  /** 0 until a value that is not 0 was seen. */
  #width = 0

  /** Elements seen. */
  get count(): number {
    return this.#count
  }

  /** Smallest value seen; Infinity before any, NaN after one. */
  get min(): number {
    return this.#min
  }

  get max(): number {
    return this.#max
  }

  /** Σx². */
  get squares(): number {
    return this.#squares
  }

  add(values: ArrayLike<number>): void {
    let [min, max] = [this.#min, this.#max]
    for (let i = 0; i < values.length; i++) {
      const v = values[i]!
      if (v < min) min = v
      if (v > max) max = v
      this.#squares += v * v
    }
    // Comparisons pass over NaN, sums do not.
    if (Number.isNaN(this.#squares)) min = max = Number.NaN
    this.#min = min
    this.#max = max
    this.#count += values.length
    const largest = Math.max(-min, max)
    if (!Number.isFinite(largest)) return
    this.#widen(largest)
    for (let i = 0; i < values.length; i++) {
      const v = values[i]!
      if (v === 0) this.#zeros++
      else {
        const bin = Math.min(2 * half - 1, Math.max(0, half + Math.floor(v / this.#width)))
        this.#bins[bin] = this.#bins[bin]! + 1
      }
    }
  }

  /** Doubles the bins' width until the largest magnitude is in one: at least half of the bins of its side are used. */
  #widen(largest: number): void {
    if (largest === 0) return
    if (this.#width === 0) this.#width = largest / half
    while (largest > half * this.#width) {
      const merged = new Float64Array(2 * half)
      for (let i = 0; i < 2 * half; i++) {
        const to = half + Math.floor((i - half) / 2)
        merged[to] = merged[to]! + this.#bins[i]!
      }
      this.#bins = merged
      this.#width *= 2
    }
  }

  /** Calls back with the middle of every bin that is not empty, and how many values lie in it; zeros are not among them. */
  forEach(visit: (value: number, count: number) => void): void {
    for (let i = 0; i < 2 * half; i++) {
      const count = this.#bins[i]!
      if (count > 0) visit((i - half + 0.5) * this.#width, count)
    }
  }

  /** The value below which a part of all elements lies, to the width of a bin. */
  quantile(part: number): number {
    const wanted = part * this.#count
    let below = 0
    for (let i = 0; i < 2 * half; i++) {
      if (i === half) {
        below += this.#zeros
        if (below >= wanted && this.#zeros > 0) return 0
      }
      below += this.#bins[i]!
      if (below >= wanted && below > 0) return Math.min(this.#max, (i - half + 1) * this.#width)
    }
    return this.#max
  }
}
