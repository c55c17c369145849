import { Checkbox, Fieldset, NumberInput, Select, Stack, TextInput } from '@mantine/core'
import type { FormSchema } from '../../engine/train/types.ts'

/*
 * A form from a JSON schema: what can be said, and its texts, are the recipe's own. Whatever is no number, switch, choice or object is a field of JSON.
 */

type Values = Readonly<Record<string, unknown>>

export interface SchemaFieldsProps {
  readonly schema: FormSchema
  readonly values: Values
  readonly disabled: boolean
  /** Names of those that are shown. */
  readonly only?: readonly string[]
  onChange(values: Values): void
}

/** The fields of an object. What is left empty is left out. */
export function SchemaFields({ schema, values, disabled, only, onChange }: SchemaFieldsProps) {
  const set = (name: string, value: unknown) => {
    const { [name]: _, ...others } = values
    onChange(value === undefined ? others : { ...others, [name]: value })
  }
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
    (only && !only.includes(name)) || field.const !== undefined
      ? []
      : [
          <SchemaField
            key={name}
            name={name}
            schema={field}
            value={values[name]}
            disabled={disabled}
            onChange={(value) => set(name, value)}
          />,
        ],
  )
}

interface FieldProps {
  readonly name: string
  readonly schema: FormSchema
  readonly value: unknown
  readonly disabled: boolean
  onChange(value: unknown): void
}

/** `batchSize` → `Batch size`. */
const words = (name: string) =>
  name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace(/^./, (letter) => letter.toUpperCase())

const jsonOf = (value: unknown) => (value === undefined ? '' : JSON.stringify(value))

function SchemaField({ name, schema, value, disabled, onChange }: FieldProps) {
  const { type, description, default: fallback, enum: choices, oneOf, properties } = schema
  const common = { label: words(name), description, disabled }
  if (choices)
    return (
      <Select
        {...common}
        data={[...choices]}
        placeholder={String(fallback ?? '')}
        value={typeof value === 'string' ? value : null}
        clearable
        clearButtonProps={{ 'aria-label': `Clear ${words(name)}` }}
        onChange={(next) => onChange(next ?? undefined)}
      />
    )
  if (type === 'boolean')
    return (
      <Checkbox
        {...common}
        checked={(value ?? fallback) === true}
        onChange={({ currentTarget: { checked } }) => onChange(checked === fallback ? undefined : checked)}
      />
    )
  if (type === 'number' || type === 'integer')
    return (
      <NumberInput
        {...common}
        placeholder={fallback === undefined ? 'by default' : String(fallback)}
        allowDecimal={type === 'number'}
        value={typeof value === 'number' ? value : ''}
        onChange={(next) => onChange(typeof next === 'number' ? next : undefined)}
      />
    )
  if (oneOf) return <Kinds {...{ name, schema, value, disabled, onChange }} />
  if (properties) return <Part {...{ name, schema, value, disabled, onChange }} />
  return <JsonField {...{ name, schema, value, disabled, onChange }} />
}

const isObject = (value: unknown): value is Values => typeof value === 'object' && value !== null

/** One of several kinds of objects, told apart by a field that each has another value of. */
function Kinds({ name, schema, value, disabled, onChange }: FieldProps) {
  const kinds = schema.oneOf ?? []
  const field =
    Object.entries(kinds[0]?.properties ?? {}).find(([, { const: own }]) => own !== undefined)?.[0] ?? 'kind'
  const kindOf = (of: FormSchema) => String(of.properties?.[field]?.const)
  const now = isObject(value) ? value : isObject(schema.default) ? schema.default : undefined
  const chosen = kinds.find((kind) => kindOf(kind) === now?.[field])
  return (
    <Fieldset legend={words(name)}>
      <Stack gap="xs">
        <Select
          label={`${words(name)}: ${field}`}
          description={schema.description}
          disabled={disabled}
          data={kinds.map(kindOf)}
          placeholder="none"
          value={chosen ? kindOf(chosen) : null}
          clearable={schema.default === undefined}
          clearButtonProps={{ 'aria-label': `Clear ${words(name)}` }}
          onChange={(kind) => onChange(kind === null ? undefined : { [field]: kind })}
        />
        {chosen && <SchemaFields schema={chosen} values={now ?? {}} disabled={disabled} onChange={onChange} />}
      </Stack>
    </Fieldset>
  )
}

/** An object, which is left out where nothing of it is said. */
function Part({ name, schema, value, disabled, onChange }: FieldProps) {
  return (
    <Fieldset legend={words(name)}>
      <Stack gap="xs">
        <SchemaFields
          schema={schema}
          values={isObject(value) ? value : {}}
          disabled={disabled}
          onChange={(next) => onChange(Object.keys(next).length === 0 ? undefined : next)}
        />
      </Stack>
    </Fieldset>
  )
}

/** Lists, and values of several types. */
const JsonField = ({ name, schema, value, disabled, onChange }: FieldProps) => (
  <TextInput
    label={words(name)}
    description={schema.description}
    disabled={disabled}
    placeholder={jsonOf(schema.default)}
    value={typeof value === 'string' ? value : jsonOf(value)}
    onChange={({ currentTarget: { value: text } }) => onChange(text === '' ? undefined : parsed(text))}
  />
)

/** A text that is no JSON (yet) stays one: the recipe says what it should be. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
