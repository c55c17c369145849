import * as z from 'zod/mini'

type Json = Record<string, unknown>
type Def = z.core.$ZodTypes['_zod']['def']

const defOf = (schema: z.core.$ZodType): Def => (schema as z.core.$ZodTypes)._zod.def

/** Bounds of a number, a text or a list, as its checks have them. */
function bounds({ checks = [] }: Def, minLength: string): Json {
  const found: Json = {}
  for (const { _zod } of checks) {
    const check = (_zod as z.core.$ZodChecks['_zod']).def
    if (check.check === 'greater_than') found[check.inclusive ? 'minimum' : 'exclusiveMinimum'] = check.value
    if (check.check === 'less_than') found[check.inclusive ? 'maximum' : 'exclusiveMaximum'] = check.value
    if (check.check === 'min_length') found[minLength] = check.minimum
  }
  return found
}

/** zod's integers are those that a number holds exactly. */
function numberSchema(def: Def): Json {
  if (!('format' in def)) return { type: 'number', ...bounds(def, '') }
  const found = bounds(def, '')
  const { MIN_SAFE_INTEGER: minimum, MAX_SAFE_INTEGER: maximum } = Number
  return {
    type: 'integer',
    ...(!('exclusiveMinimum' in found) && { minimum }),
    ...(!('exclusiveMaximum' in found) && { maximum }),
    ...found,
  }
}

function plainSchema(schema: z.core.$ZodType): Json {
  const def = defOf(schema)
  switch (def.type) {
    case 'string':
      return { type: 'string', ...bounds(def, 'minLength') }
    case 'number':
      return numberSchema(def)
    case 'boolean':
      return { type: 'boolean' }
    case 'literal':
      return { type: typeof def.values[0], const: def.values[0] }
    case 'enum':
      return { type: 'string', enum: Object.values(def.entries) }
    case 'array':
      return { type: 'array', ...bounds(def, 'minItems'), items: jsonSchema(def.element) }
    case 'tuple': {
      const items = def.items.map(jsonSchema)
      return { type: 'array', prefixItems: items, items: false, minItems: items.length, maxItems: items.length }
    }
    case 'union':
      return { ['discriminator' in def ? 'oneOf' : 'anyOf']: def.options.map(jsonSchema) }
    case 'optional':
      return jsonSchema(def.innerType)
    case 'default':
    case 'prefault':
      return { default: def.defaultValue, ...jsonSchema(def.innerType) }
    case 'object': {
      const fields = Object.entries(def.shape)
      const required = fields.filter(([, field]) => field._zod.optin === undefined).map(([name]) => name)
      return {
        type: 'object',
        properties: Object.fromEntries(fields.map(([name, field]) => [name, jsonSchema(field)])),
        ...(required.length > 0 && { required }),
        additionalProperties: false,
      }
    }
    default:
      throw new Error(`There is no JSON Schema of "${def.type}" here.`)
  }
}

/**
 * JSON Schema of what a recipe's schema takes. zod's own `toJSONSchema` knows every schema that there is, and puts 6 kB into a page; the tests compare the two.
 */
export function jsonSchema(schema: z.core.$ZodType): Json {
  const description = z.globalRegistry.get(schema)?.description
  return { ...plainSchema(schema), ...(description !== undefined && { description }) }
}
