import type { Rectangles } from '../../../engine/graph/types.ts'
import type { Rectangle } from '../../../picture/camera.ts'

const cellSize = 600

/** Rectangles by the squares that they lie in, so that those in sight are found without looking at all. */
export class Cells {
  readonly #cells = new Map<number, number[]>()
  readonly #count: number
  readonly #columns: number
  /** The last search that found one: each is found once. */
  readonly #seen: Uint32Array
  #search = 0

  constructor({ x, y, width, height }: Rectangles) {
    this.#count = x.length
    const right = x.reduce((most, left, i) => Math.max(most, left + width[i]!), 0)
    this.#columns = Math.floor(right / cellSize) + 1
    this.#seen = new Uint32Array(x.length)
    for (let i = 0; i < x.length; i++)
      this.#visit({ x: x[i]!, y: y[i]!, width: width[i]!, height: height[i]! }, (key) => {
        const cell = this.#cells.get(key)
        if (cell) cell.push(i)
        else this.#cells.set(key, [i])
      })
  }

  /** Those that lie in the same squares as an area: all that touch it, and some more. */
  within(area: Rectangle, found: (i: number) => void): void {
    const squares = (area.width / cellSize + 2) * (area.height / cellSize + 2)
    if (squares > this.#cells.size) {
      for (let i = 0; i < this.#count; i++) found(i)
      return
    }
    const search = ++this.#search
    this.#visit(area, (key) => {
      for (const i of this.#cells.get(key) ?? []) {
        if (this.#seen[i] === search) continue
        this.#seen[i] = search
        found(i)
      }
    })
  }

  #visit({ x, y, width, height }: Rectangle, visit: (key: number) => void): void {
    const cell = (at: number) => Math.max(0, Math.floor(at / cellSize))
    const lastColumn = Math.min(this.#columns - 1, cell(x + width))
    for (let row = cell(y); row <= cell(y + height); row++)
      for (let column = cell(x); column <= lastColumn; column++) visit(row * this.#columns + column)
  }
}
