/*
 * One time step of the recurrent operators, written once over an algebra of vectors of the hidden size H. The reference calculates with it, the
 * gradients unroll it into nodes, kernels are chosen by it and the counter counts it.
 *
 *   x_g  W_g·X_t and the biases of gate g        R_g(h)  R_g·h        ⊙  product of elements
 *   f, g, h  activations; sums of gates are clipped before them where the node says so, as ONNX Runtime does: the cell state is not
 */

/** What a step calculates with. */
export interface CellAlgebra<V> {
  add(a: V, b: V): V
  mul(a: V, b: V): V
  /** 1 − a. */
  complement(a: V): V
  /** Activation `which` of the node's list. */
  activate(which: number, x: V): V
  /** The same of a gate's sum, of which `clip` leaves a range. */
  gate(which: number, x: V): V
  /** R_g·h for gate g. */
  recur(h: V, gate: number): V
}

export interface CellInputs<V> {
  /** Per gate, in the order in which W has them: W_g·X_t, with the biases of W and of R. */
  readonly x: readonly V[]
  readonly h: V
  /** The cell state of LSTM. */
  readonly c?: V
  /** LSTM's weights from the cell state to the gates i, o, f. */
  readonly peepholes?: readonly V[]
  /** What is added to R·h alone, for gates whose bias of R is not part of x. */
  readonly recurrentBias?: V
}

export interface CellOutputs<V> {
  readonly h: V
  readonly c?: V
}

/** Variants of a cell that attributes choose. */
export interface CellVariant {
  /** GRU: r gates R·h instead of h. */
  readonly linearBeforeReset: boolean
  /** LSTM: the forget gate is 1 − the input gate. */
  readonly inputForget: boolean
}

export interface Cell {
  readonly gates: number
  /** Hidden state alone, or hidden and cell state. */
  readonly states: 1 | 2
  /** By default, in the order in which attributes name them. */
  readonly activations: readonly string[]
  /** The gate whose bias of R is not added to x but stands by itself. */
  separateBias(variant: CellVariant): number | undefined
  step<V>(given: CellInputs<V>, algebra: CellAlgebra<V>, variant: CellVariant): CellOutputs<V>
}

/** h' = f(x + R(h)) */
export const rnnCell: Cell = {
  gates: 1,
  states: 1,
  activations: ['Tanh'],
  separateBias: () => undefined,
  step: ({ x: [x], h }, { add, gate, recur }) => ({ h: gate(0, add(x as typeof h, recur(h, 0))) }),
}

/**
 * z = f(x_z + R_z(h)),   r = f(x_r + R_r(h))
 * n = g(x_n + R_n(r ⊙ h)),   with linear_before_reset g(x_n + r ⊙ (R_n(h) + b))
 * h' = (1 − z) ⊙ n + z ⊙ h
 */
export const gruCell: Cell = {
  gates: 3,
  states: 1,
  activations: ['Sigmoid', 'Tanh'],
  separateBias: ({ linearBeforeReset }) => (linearBeforeReset ? 2 : undefined),
  step(given, { add, mul, complement, gate, recur }, { linearBeforeReset }) {
    const { h, recurrentBias } = given
    const [xz, xr, xn] = given.x as [typeof h, typeof h, typeof h]
    const z = gate(0, add(xz, recur(h, 0)))
    const r = gate(0, add(xr, recur(h, 1)))
    const inner = (): typeof h => {
      if (!linearBeforeReset) return recur(mul(r, h), 2)
      const linear = recur(h, 2)
      return mul(r, recurrentBias === undefined ? linear : add(linear, recurrentBias))
    }
    const n = gate(1, add(xn, inner()))
    return { h: add(mul(complement(z), n), mul(z, h)) }
  },
}

/**
 * i = f(x_i + R_i(h) + p_i ⊙ c),   f = f(x_f + R_f(h) + p_f ⊙ c), with input_forget 1 − i
 * c' = f ⊙ c + i ⊙ g(x_c + R_c(h))
 * o = f(x_o + R_o(h) + p_o ⊙ c'),   h' = o ⊙ h(c')
 */
export const lstmCell: Cell = {
  gates: 4,
  states: 2,
  activations: ['Sigmoid', 'Tanh', 'Tanh'],
  separateBias: () => undefined,
  step(given, { add, mul, complement, activate, gate, recur }, { inputForget }) {
    const { h, peepholes } = given
    const c = given.c as typeof h
    const sumOf = (which: number) => add(given.x[which] as typeof h, recur(h, which))
    /** i, o or f, in the order of W and P. */
    const opened = (which: 0 | 1 | 2, state: typeof h) =>
      gate(0, peepholes ? add(sumOf(which), mul(peepholes[which] as typeof h, state)) : sumOf(which))
    const i = opened(0, c)
    const f = inputForget ? complement(i) : opened(2, c)
    const next = add(mul(f, c), mul(i, gate(1, sumOf(3))))
    return { h: mul(opened(1, next), activate(2, next)), c: next }
  },
}
