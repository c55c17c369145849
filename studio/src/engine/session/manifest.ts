import * as z from 'zod/mini'

/*
 * What a session's file says of itself: `session.json` in the archive. Whoever changes it gives it another version.
 */

export const manifestName = 'session.json'
export const version = 1
/** Of all files of a session. */
export const mostBytes = 1024 * 2 ** 20
export const mostSteps = 1000
/** Of the manifest. */
export const mostManifestBytes = 16 * 2 ** 20

const count = z.nullable(z.number())
const text = z.string()
const partial = z.array(z.enum(['params', 'macs', 'adds', 'muls', 'others', 'reads', 'writes', 'accesses', 'bytes']))
const totals = z.looseObject({ macs: z.number(), params: z.number(), accesses: z.number(), bytes: z.number(), partial })
const layerCost = z.object({ macs: count, params: count, accesses: count })
const change = z.object({ before: z.number(), after: z.number() })
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

export const manifestSchema = z.object({
  kerf: z.literal('session'),
  version: z.literal(version),
  name: text.check(z.maxLength(1000)),
  at: z.int().check(z.minimum(0)),
  counting: z.object({ inputs: z.optional(z.record(text, shape)), fused: z.optional(z.boolean()) }),
  settings: z.record(text, z.unknown()),
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
