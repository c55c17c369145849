// What one file has that another has not, for binaries that are nearly the same: the kernels with and without relaxed SIMD.
// `withDifference` (src/runtime/backends/wasm/engine/difference.ts) puts them together again.

/** A copy takes three bytes or so; shorter ones do not pay. */
const leastCopy = 8

/**
 * `file` as stretches that follow each other: how many bytes are new, these bytes, how far behind the end of the last copy (before it: odd) the next
 * one begins in `base`, how long it is. Numbers are LEB128; new bytes end it.
 */
export function difference(base: Uint8Array, file: Uint8Array): Uint8Array {
  const keyAt = (bytes: Uint8Array, at: number): string => bytes.subarray(at, at + leastCopy).join()
  const places = new Map<string, number[]>()
  for (let at = 0; at + leastCopy <= base.length; at++) {
    const key = keyAt(base, at)
    const same = places.get(key)
    if (same) same.push(at)
    else places.set(key, [at])
  }
  const out: number[] = []
  const put = (value: number): void => {
    for (; value > 127; value = Math.floor(value / 128)) out.push((value % 128) + 128)
    out.push(value)
  }
  let isNew = 0
  let next = 0
  for (let at = 0; at < file.length; ) {
    let best = { from: 0, length: 0 }
    for (const from of places.get(keyAt(file, at)) ?? []) {
      let length = leastCopy
      while (at + length < file.length && from + length < base.length && base[from + length] === file[at + length])
        length++
      // The same place as before is short to write.
      if (length > best.length || (length === best.length && from === next)) best = { from, length }
    }
    if (best.length === 0) {
      at++
      continue
    }
    put(at - isNew)
    out.push(...file.subarray(isNew, at))
    put(best.from < next ? 2 * (next - best.from) - 1 : 2 * (best.from - next))
    put(best.length)
    at += best.length
    isNew = at
    next = best.from + best.length
  }
  put(file.length - isNew)
  out.push(...file.subarray(isNew))
  return Uint8Array.from(out)
}
