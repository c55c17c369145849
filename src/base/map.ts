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
