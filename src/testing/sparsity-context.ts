// For tests of sparsity methods by themselves: weights in memory, and what the method does to them.

import type { ChannelLayout, SparseWeight, SparsityContext } from '../train/index.ts'

/** A weight of a formula: sin(k·i + 1), so that PyTorch has the same. */
export const waves = (count: number, k: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(k * i + 1))

/** A context over these weights, with the masks that it was given. */
export function sparsityContext(
  weights: readonly SparseWeight[],
  layout: Partial<ChannelLayout> = {},
): SparsityContext & { readonly masks: ReadonlyMap<string, Uint8Array>; readonly restarts: () => number } {
  const masks = new Map<string, Uint8Array>()
  let restarts = 0
  return {
    weights,
    statistics: [],
    layout: () => ({ groups: [], inputs: new Map(), ...layout }),
    hold: (name, mask) => {
      masks.set(name, mask)
      const { value } = weights.find((w) => w.name === name)!
      for (let i = 0; i < value.length; i++) if (mask[i] === 0) value[i] = 0
    },
    restart: () => {
      restarts++
    },
    masks,
    restarts: () => restarts,
  }
}
