import { create, remainder } from './message.ts'
import type { Message, MessageName } from './schema.ts'

/*
 * What the intermediate representation has no place for – unknown fields, metadata, annotations, denotations – stays with the object it
 * belongs to, in its `preserved` field, and is written again with it. An object without one is written from its plain fields alone.
 */

/** What `preserved` holds: the file's message without the fields that the IR owns. `extra` is the reader's, for parts with tensors in them. */
export class Kept<T = undefined> {
  readonly message: Message<MessageName>
  readonly extra: T
  constructor(message: Message<MessageName>, extra: T) {
    this.message = message
    this.extra = extra
  }
}

/**
 * For `preserved`: what an object of the IR has not of its message.
 * @param owned the fields that it has; by default all that schema.ts names
 */
export function keptOf<N extends MessageName>(
  message: Message<N>,
  owned?: readonly (keyof Message<N>)[],
): Kept | undefined {
  const rest = remainder(message, owned)
  return rest && new Kept(rest, undefined)
}

/** A new message to write into: with what was kept, if the reader kept something of that kind. */
export function restored<N extends MessageName>(name: N, preserved: unknown): Message<N> {
  const kept = preserved instanceof Kept ? (preserved.message as Message<MessageName>) : undefined
  const same = kept?.$name === name ? (kept as Message<N>) : undefined
  return (same && remainder(same, [])) ?? create(name)
}
