import type { Network, RecountOptions } from './types.ts'

/** Sizes that nobody gave stay as they were guessed until somebody does. */
export const guessesOf = ({ inputs, guessed }: Network): NonNullable<RecountOptions['inputs']> =>
  Object.fromEntries(inputs.flatMap(({ name, shape }) => (guessed.includes(name) ? [[name, shape as number[]]] : [])))
