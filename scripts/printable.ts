// Bytes as text that gzip makes as small as the bytes themselves: most bytes are one character, and equal bytes are equal characters wherever they
// stand. (Of base64 it sees neither: the kernels take 49 kB so, and 35 kB like this.) `fromPrintable` (src/runtime/backends/wasm/engine/printable.ts)
// reads it.

/** What needs no escape in a string and ends no script in a page. The first two say that the next character stands for a byte of another page. */
export const alphabet = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))
  .filter((character) => !'"\'`$\\<'.includes(character))
  .join('')

/** So that the first page has the commonest of the last bytes, too: SIMD instructions begin with 253. */
const shift = 4

/** A page has as many bytes as there are characters but two. */
export function printable(bytes: Uint8Array): string {
  const size = alphabet.length - 2
  const characters = Array.from(bytes, (byte) => {
    const place = (byte + shift) % 256
    const page = Math.floor(place / size)
    return `${page > 0 ? alphabet[page - 1] : ''}${alphabet[2 + (place % size)]}`
  })
  return characters.join('')
}
