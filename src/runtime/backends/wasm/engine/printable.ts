/** The bytes that `printable` (scripts/printable.ts) wrote in this alphabet. */
export function fromPrintable(text: string, alphabet: string): Uint8Array<ArrayBuffer> {
  const pageSize = alphabet.length - 2
  // What a character stands for; of the two that name a page, where that begins, as a negative number. Bytes are shifted by 4, and come back modulo 256.
  const meanings = new Int32Array(128)
  for (let i = 0; i < alphabet.length; i++) meanings[alphabet.charCodeAt(i)] = i < 2 ? -pageSize * (i + 1) : i - 6
  // In place, since bytes never overtake characters: engines have compiled nothing yet when this runs, and every step of the loop shows.
  const bytes = new TextEncoder().encode(text)
  let count = 0
  let page = 0
  for (let i = 0; i < bytes.length; i++) {
    const meaning = meanings[bytes[i]!]!
    if (meaning <= -pageSize) page = -meaning
    else {
      bytes[count++] = page + meaning
      page = 0
    }
  }
  return bytes.slice(0, count)
}
