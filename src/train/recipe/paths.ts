import * as z from 'zod/mini'
import { netNameOf } from '../../nets/index.ts'
import { elementOf, shapeOf, unwrapped } from './problems.ts'

/* Which fields of a recipe are paths: known by their schema, so that all of them can be moved together. */

const paths = new WeakSet<z.ZodMiniType>()

/** A field that holds a path. */
export function path(what: string): z.ZodMiniString {
  const schema = z.string().check(z.minLength(1), z.describe(what))
  paths.add(schema)
  return schema
}

/** A recipe with every path changed; what is no field of a recipe stays as it is. */
export function mapPaths(schema: z.ZodMiniType, value: unknown, change: (path: string) => string): unknown {
  const plain = unwrapped(schema)
  if (typeof value === 'string') return paths.has(plain) && netNameOf(value) === undefined ? change(value) : value
  if (Array.isArray(value)) {
    if (!(plain instanceof z.ZodMiniArray)) return value
    return value.map((v) => mapPaths(elementOf(plain), v, change))
  }
  if (typeof value !== 'object' || value === null) return value
  const shape = shapeOf(plain, value) ?? {}
  return Object.fromEntries(
    Object.entries(value).map(([key, v]) => {
      const field = Object.hasOwn(shape, key) ? shape[key] : undefined
      return [key, field ? mapPaths(field, v, change) : v]
    }),
  )
}
