import { create, type DescMessage, isFieldSet, type Message, type MessageShape } from '@bufbuild/protobuf'

/*
 * What the intermediate representation has no place for – unknown fields, metadata, annotations, denotations – stays with the object it
 * belongs to, in its `preserved` field, and is written again with it. An object without one is written from its plain fields alone.
 */

/** What `preserved` holds: the file's message without the fields that the IR owns. `extra` is the reader's, for parts with tensors in them. */
export class Kept<T = undefined> {
  readonly message: Message
  readonly extra: T
  constructor(message: Message, extra: T) {
    this.message = message
    this.extra = extra
  }
}

type Fields = { [name: string]: unknown }

/** A message with those fields only that are not named; undefined when that leaves nothing. Parts are shared, not copied. */
export function remainder<D extends DescMessage>(
  schema: D,
  message: MessageShape<D>,
  owned: readonly string[],
): MessageShape<D> | undefined {
  let rest: MessageShape<D> | undefined
  for (const field of schema.fields) {
    if (owned.includes(field.localName) || !isFieldSet(message, field)) continue
    rest ??= create(schema)
    ;(rest as Fields)[field.localName] = (message as Fields)[field.localName]
  }
  if (message.$unknown?.length) {
    rest ??= create(schema)
    rest.$unknown = message.$unknown
  }
  return rest
}

/** A new message to write into: with what was kept, if the reader kept something of that kind. */
export function restored<D extends DescMessage>(schema: D, preserved: unknown): MessageShape<D> {
  const kept = keptMessage(schema, preserved)
  return (kept && remainder(schema, kept, [])) ?? create(schema)
}

export function keptMessage<D extends DescMessage>(schema: D, preserved: unknown): MessageShape<D> | undefined {
  return preserved instanceof Kept && preserved.message.$typeName === schema.typeName
    ? (preserved.message as MessageShape<D>)
    : undefined
}
