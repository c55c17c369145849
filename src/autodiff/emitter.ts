import { getOrAdd } from '../base/index.ts'
import { type AttributeValue, type GradientEmitter, type GraphEditor, opsetOf, tensorOf } from '../graph/index.ts'

/** Adds nodes through an editor, under names that are free. Speaks the opset of the model that is edited. */
export class Emitter implements GradientEmitter {
  readonly #editor: GraphEditor
  readonly #constants = new Map<string, string>()
  /** What nodes are made for: part of their names. */
  prefix = 'gradient'

  constructor(editor: GraphEditor) {
    this.#editor = editor
  }

  get #opset(): number {
    return opsetOf(this.#editor.opsetImports, '')
  }

  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    domain = '',
  ): string {
    return this.nodes(opType, inputs, 1, attributes, domain)[0]!
  }

  nodes(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Readonly<Record<string, AttributeValue>> = {},
    domain = '',
  ): string[] {
    const name = this.#editor.name(`${this.prefix}/${opType}`)
    const made = Array.from({ length: outputs }, (_, i) => this.#editor.name(`${name}_output${outputs > 1 ? i : ''}`))
    this.#editor.node(opType, inputs, attributes, { name, domain, outputs: made })
    return made
  }

  floats(values: readonly number[], shape: readonly number[] = []): string {
    return this.#constant('float32', values, shape)
  }

  ints(values: readonly number[]): string {
    return this.#constant('int64', values, [values.length])
  }

  sum(value: string, axes: readonly number[], keepDims = true): string {
    if (axes.length === 0) return value
    const keepdims = keepDims ? 1 : 0
    // Axes became an input with opset 13.
    return this.#opset < 13
      ? this.node('ReduceSum', [value], { axes, keepdims })
      : this.node('ReduceSum', [value, this.ints(axes)], { keepdims })
  }

  reshape(value: string, shape: readonly number[]): string {
    return this.node('Reshape', [value, this.ints(shape)])
  }

  expand(value: string, shape: readonly number[]): string {
    return this.node('Expand', [value, this.ints(shape)])
  }

  zeros(shape: readonly number[]): string {
    return this.expand(this.floats([0]), shape)
  }

  pad(value: string, begins: readonly number[], ends: readonly number[]): string {
    const pads = [...begins, ...ends]
    // The pads became an input with opset 11.
    return this.#opset < 11 ? this.node('Pad', [value], { pads }) : this.node('Pad', [value, this.ints(pads)])
  }

  product(left: string, right: string, attributes: Readonly<Record<string, AttributeValue>> = {}): string {
    // What is added may be left out from opset 11 on.
    return this.node('Gemm', this.#opset < 11 ? [left, right, this.floats([0])] : [left, right], attributes)
  }

  split(value: string, axis: number, sizes: readonly number[]): string[] {
    // The sizes became an input with opset 13.
    return this.#opset < 13
      ? this.nodes('Split', [value], sizes.length, { axis, split: sizes })
      : this.nodes('Split', [value, this.ints(sizes)], sizes.length, { axis })
  }

  unbroadcast(gradient: string, from: readonly number[], to: readonly number[]): string {
    const added = from.length - to.length
    const axes = from.flatMap((size, axis) => (axis < added || (size !== 1 && to[axis - added] === 1) ? [axis] : []))
    const summed = this.sum(gradient, axes)
    return added > 0 ? this.reshape(summed, to) : summed
  }

  /** One constant for equal contents. */
  #constant(elementType: 'float32' | 'int64', values: readonly number[], shape: readonly number[]): string {
    const key = `${elementType}[${shape}]${values}`
    return getOrAdd(this.#constants, key, () =>
      this.#editor.constant('gradient/constant', tensorOf(elementType, shape, values)),
    )
  }
}
