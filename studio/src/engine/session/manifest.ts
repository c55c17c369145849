import * as z from 'zod/mini'
import { figure, finite, pruneWish, text } from './wishes.ts'

/*
 * What a session's file says of itself: `session.json` in the archive. Whoever changes it gives it another version.
 */

export const manifestName = 'session.json'
export const version = 1
/** Of all files of a session. */
export const mostBytes = 1024 * 2 ** 20
export const mostSteps = 1000
export const mostFiles = 10
/** Of the manifest. */
export const mostManifestBytes = 16 * 2 ** 20

const count = z.nullable(z.number())
const partial = z.array(z.enum(['params', 'macs', 'adds', 'muls', 'others', 'reads', 'writes', 'accesses', 'bytes']))
const totals = z.looseObject({ macs: z.number(), params: z.number(), accesses: z.number(), bytes: z.number(), partial })
const layerCost = z.object({ macs: count, params: count, accesses: count })
const change = z.object({ before: figure, after: figure })
const time = z.object({ beforeMs: z.number(), afterMs: z.number() })
const recovery = z.array(
  z.object({
    name: text,
    kept: z.boolean(),
    why: z.optional(text),
    outputError: change,
    layers: z.array(z.looseObject({ layer: text })),
  }),
)
const swap = z.object({
  ...{ before: totals, after: totals, facts: z.array(text), recovery: z.optional(recovery), time: z.optional(time) },
  statistics: z.enum(['data', 'noise', 'kept']),
  rows: z.array(
    z.object({
      ...{ name: text, cost: z.object({ before: layerCost, after: layerCost }), weightError: z.optional(z.number()) },
      ...{ facts: z.array(text), outputError: z.optional(change), time: z.optional(time) },
    }),
  ),
})
const range = z.object({ lo: z.number(), hi: z.number() })
const quantized = z.object({
  ...{ to: z._default(z.enum(['adder', 'int8']), 'adder'), equalise: z._default(z.boolean(), false) },
  ...{ bits: z.number(), range: z.enum(['minmax', 'mse', 'percentile', 'entropy']), biasCorrection: z.boolean() },
  ...{ pictures: z.number(), outputDrift: z.number(), bytes: change },
  quality: z.object({ images: z.number(), agreement: z.optional(z.number()), outputError: z.number() }),
  layers: z.array(
    z.looseObject({
      ...{ node: text, seen: range, range, drift: z.number(), weights: z.number(), clampedWeights: z.number() },
      coding: z.object({ rms: z.number(), relative: z.number(), saturated: z.number() }),
    }),
  ),
  integers: z._default(
    z.array(
      z.looseObject({ ...{ node: text, op: text, weights: z.number(), weightError: z.number(), drift: z.number() } }),
    ),
    [],
  ),
  kept: z._default(z.array(z.object({ node: text, why: text })), []),
})

const shape = z.array(z.int().check(z.minimum(0)))

const cut = z.object({
  ...{ wish: pruneWish, inputs: z.record(text, shape), survivors: z.record(text, shape), warnings: z.array(text) },
  proof: z.object({ maxRelDiff: z.optional(z.number()), allowed: z.optional(z.number()), why: z.optional(text) }),
  time: z.optional(z.object({ beforeMs: finite, afterMs: finite, predictedMs: finite })),
  trained: z.array(z.object({ step: finite, steps: finite, epoch: finite, loss: figure, meanLoss: figure })),
  bearing: z.array(
    z.object({
      ...{ quality: z.enum(['accuracy', 'agreement', '1 − output error']), given: figure, images: z.number() },
      curve: z.object({
        ...{ name: text, channels: z.number() },
        points: z.array(z.object({ kept: z.number(), quality: figure, outputError: figure })),
      }),
    }),
  ),
})

const trained = z.object({
  ...{ on: z.enum(['test', 'validation', 'training']), images: finite, accuracy: figure, loss: figure, recipe: text },
  ...{ classes: z.array(text), confusion: z.array(z.array(finite)) },
  worst: z.array(z.object({ label: text, predicted: text, loss: figure, width: finite, height: finite })),
  epochs: z.array(
    z.object({
      ...{ epoch: finite, trainLoss: figure, trainAccuracy: figure, isBest: z.boolean() },
      ...{ validationLoss: z.optional(figure), validationAccuracy: z.optional(figure) },
    }),
  ),
})

export const manifestSchema = z.object({
  kerf: z.literal('session'),
  version: z.literal(version),
  name: text.check(z.maxLength(1000)),
  at: z.int().check(z.minimum(0)),
  counting: z.object({ inputs: z.optional(z.record(text, shape)), fused: z.optional(z.boolean()) }),
  settings: z.record(text, z.unknown()),
  /** Of settings: in which, and where. */
  files: z.optional(
    z
      .array(
        z.object({ setting: text, key: text, file: text, name: text, type: text, sha256: text.check(z.length(64)) }),
      )
      .check(z.maxLength(mostFiles)),
  ),
  steps: z
    .array(
      z.object({
        title: text.check(z.maxLength(1000)),
        /** In the archive. */
        file: text,
        /** Of the file, in hexadecimal digits. */
        sha256: text.check(z.length(64)),
        command: z.optional(text),
        ...{ recovery: z.optional(recovery), swap: z.optional(swap), quantized: z.optional(quantized) },
        ...{ cut: z.optional(cut), trained: z.optional(trained) },
      }),
    )
    .check(z.minLength(1), z.maxLength(mostSteps)),
})

export type Manifest = z.output<typeof manifestSchema>

/** Of a file, in hexadecimal digits. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', bytes)
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
