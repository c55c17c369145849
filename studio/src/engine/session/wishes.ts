import * as z from 'zod/mini'
import type { PruneWish, RecoverWish } from '../prune-types.ts'
import type { QuantizeWish } from '../quantize-types.ts'
import type { SwapWish } from '../swap-types.ts'
import type { TrainWish } from '../train/types.ts'

/*
 * What views are asked for, as a session's file has it: it may come from anybody.
 */

export const text = z.string()
export const finite = z.number()
/** What may have come to no number, which JSON writes as null. */
export const figure = z.pipe(
  z.nullable(z.number()),
  z.transform((value) => value ?? Number.NaN),
)

const part = z.number().check(z.minimum(0), z.maximum(1))
const texts = z.record(text, text)
const threads = z.int().check(z.minimum(1))

export const pruneWish = z.object({
  kinds: z.array(z.enum(['filter', 'neuron'])).check(z.minLength(1)),
  criterion: text,
  loss: z.enum(['labels', 'outputs']),
  amount: z.object({ of: z.enum(['ratio', 'macs', 'params', 'milliseconds']), part }),
  global: z.boolean(),
  allocate: z.optional(z.enum(['uniform', 'global', 'cost', 'outputs'])),
  widths: z.record(text, z.int().check(z.minimum(1))),
  locked: z.array(text),
}) satisfies z.ZodMiniType<PruneWish>

export const recoverWish = z.object({
  steps: z.enum(['auto', 'solve', 'train']),
  epochs: z.int().check(z.minimum(1)),
  threads,
}) satisfies z.ZodMiniType<RecoverWish>

export const swapWish = z.object({
  kind: text,
  settings: texts,
  amount: z.union([
    z.object({ of: z.literal('settings') }),
    z.object({ of: z.enum(['energy', 'macs']), part }),
    z.object({ of: z.literal('time'), factor: z.number().check(z.positive()) }),
  ]),
  layers: z.optional(z.array(text)),
}) satisfies z.ZodMiniType<SwapWish>

export const quantizeWish = z.object({
  to: z.enum(['adder', 'int8']),
  bits: z.int().check(z.minimum(2), z.maximum(8)),
  range: z.enum(['minmax', 'mse', 'percentile', 'entropy']),
  biasCorrection: z.boolean(),
  equalise: z.boolean(),
}) satisfies z.ZodMiniType<QuantizeWish>

export const trainWish = z.object({
  recipe: z.record(text, z.unknown()),
  newHead: z.boolean(),
  teach: z.boolean(),
}) satisfies z.ZodMiniType<TrainWish>

/** What a search for the smallest network may lose: in percent, or points. */
export const limitWish = z.object({
  of: z.enum(['outputError', 'maxDrop']),
  most: z.number().check(z.minimum(0.1), z.maximum(99)),
})

/** What is asked of the lab; of which settings its experiment says what they may be. */
export const labWish = z.object({
  name: text,
  full: z.boolean(),
  seed: z.int().check(z.minimum(0)),
  threads,
  settings: texts,
})

const size = z.int().check(z.minimum(1))
const letters = ['H', 'W', 'C', 'k', 't', 'r', 'g', 'n'] as const

export const formulaWish = z.object({
  sizes: z.object({ H: size, W: size, C: size, k: size, t: size, r: size, g: size, n: size }),
  along: z.enum(letters),
  only: z.array(text),
})

/** Which networks are compared: of steps their numbers. */
export const compareWish = z.object({
  a: z.union([z.literal('open'), z.int().check(z.minimum(0))]),
  b: z.union([z.literal('open'), z.int().check(z.minimum(0))]),
})

/** What boxes of the picture of two networks are filled by. */
export const filledBy = z.enum(['channels', 'params', 'macs', 'accesses', 'time'])

/** Columns of a table that are shown, by their keys, and the order of its rows. */
export const tableWish = z.object({
  shown: z.optional(z.array(text)),
  sort: z.optional(z.object({ key: text, descending: z.boolean() })),
})

/** Which layers of the table of costs are shown. */
export const layerFilter = z.object({ words: text, ops: z.array(text) })

/** What the network was run on last; the picture is a file of the session. */
export const runInput = z.union([
  z.object({ kind: z.literal('image'), blob: z.instanceof(Blob) }),
  z.object({ kind: z.literal('random'), seed: z.int().check(z.minimum(0)) }),
])

/** Which value of a run is looked at, and how. */
export const lookWish = z.object({
  name: z.optional(text),
  kind: z.enum(['maps', 'picture', 'largest']),
  first: z.int().check(z.minimum(0)),
  each: z.boolean(),
})

/** What of a graph is shown. */
export const graphWish = z.object({ colour: text, opened: z.optional(z.array(text)) })

/** For `useKept`: what a file says, where it says that. */
export const readerOf =
  <T>(schema: z.ZodMiniType<T>) =>
  (value: unknown): T | undefined => {
    const { data } = z.safeParse(schema, value)
    return data
  }
