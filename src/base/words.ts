/** Bytes in the largest pieces that a copy, or zeros, can be made of by hand. */
export type Words = Uint8Array | Uint16Array | Uint32Array

/** How many bytes a word has, of which elements of a size consist and which may lie at an offset: 4, 2 or 1. */
export const wordSize = (elementSize: number, byteOffset = 0): number =>
  [4, 2].find((size) => elementSize % size === 0 && byteOffset % size === 0) ?? 1

export function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array, size: number): Words {
  const length = Math.floor(byteLength / size)
  if (size === 4) return new Uint32Array(buffer, byteOffset, length)
  return size === 2 ? new Uint16Array(buffer, byteOffset, length) : new Uint8Array(buffer, byteOffset, length)
}
