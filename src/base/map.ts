/** The value of a key, made and stored first where there is none. */
export function getOrAdd<K, V>(
  map: { get(key: K): V | undefined; has(key: K): boolean; set(key: K, value: V): unknown },
  key: K,
  make: () => V,
): V {
  const present = map.get(key)
  if (present !== undefined || map.has(key)) return present as V
  const made = make()
  map.set(key, made)
  return made
}

/** A map on top of another one, which it does not change and which is not copied: many small ones may lie on a large one. */
export class LayeredMap<K, V> extends Map<K, V> {
  #under: ReadonlyMap<K, V> | undefined

  constructor(under?: ReadonlyMap<K, V>) {
    super()
    this.#under = under
  }

  override get(key: K): V | undefined {
    const own = super.get(key)
    return own !== undefined || !this.#under || super.has(key) ? own : this.#under.get(key)
  }

  override has(key: K): boolean {
    return super.has(key) || (this.#under?.has(key) ?? false)
  }

  override get size(): number {
    return [...this.keys()].length
  }

  override *entries(): MapIterator<[K, V]> {
    for (const entry of this.#under ?? []) if (!super.has(entry[0])) yield entry
    yield* super.entries()
  }

  override *keys(): MapIterator<K> {
    for (const [key] of this.entries()) yield key
  }

  override *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value
  }

  override forEach(visit: (value: V, key: K, map: Map<K, V>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this)
  }

  override [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries()
  }
}
