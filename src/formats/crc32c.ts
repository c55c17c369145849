// CRC-32C (Castagnoli), reflected polynomial 0x82F63B78, as RFC 3720 appendix B.4 has it.
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})

/** The checksum as an unsigned 32-bit integer. With that of the bytes `before`, the one of both together. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  let crc = ~before
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ table[(crc ^ bytes[i]!) & 255]!
  return ~crc >>> 0
}
