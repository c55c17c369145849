/*
 * What is wrong with an image that cannot be decoded, in words that do not depend on the decoder: what its first bytes say that it is.
 */

const letters =
  (text: string) =>
  (bytes: Uint8Array, at = 0) =>
    [...text].every((c, i) => bytes[at + i] === c.charCodeAt(0))
const inBox = (brand: string) => (bytes: Uint8Array) => letters('ftyp')(bytes, 4) && letters(brand)(bytes, 8)

/** What can be decoded. */
const known: readonly [name: string, is: (bytes: Uint8Array) => boolean][] = [
  ['PNG', (b) => letters('\x89PNG')(b)],
  ['JPEG', (b) => letters('\xff\xd8\xff')(b)],
  ['GIF', (b) => letters('GIF8')(b)],
  ['WebP', (b) => letters('RIFF')(b) && letters('WEBP')(b, 8)],
  ['TIFF', (b) => letters('II*\0')(b) || letters('MM\0*')(b)],
  ['AVIF', (b) => inBox('avif')(b) || inBox('avis')(b)],
]

/** What people have under an image's name. */
const others: readonly [name: string, is: (bytes: Uint8Array) => boolean][] = [
  ['a BMP image', (b) => letters('BM')(b)],
  ['an HEIC image', (b) => letters('ftyp')(b, 4)],
  ['a PDF', (b) => letters('%PDF')(b)],
  ['a zip archive', (b) => letters('PK\x03\x04')(b)],
  ['a web page or XML', (b) => letters('<')(b)],
]

/** The formats that images may have. */
export const imageFormats = 'PNG, JPEG, WebP, AVIF, TIFF or GIF'

/**
 * Why an image could not be decoded: `it is a PNG that is damaged or cut off`.
 * @param said by the decoder
 */
export function imageProblem(bytes: Uint8Array, said: string): string {
  if (bytes.length === 0) return 'it is empty'
  if (/pixel limit/i.test(said)) return 'it has more pixels than can be decoded'
  const find = (kinds: typeof known) => kinds.find(([, is]) => is(bytes))?.[0]
  const own = find(known)
  if (own !== undefined) return `it is a ${own} that is damaged or cut off`
  const other = find(others)
  if (other !== undefined) return `it is ${other}, none of ${imageFormats.replace(' or', ',')}`
  return `it is in no format known here (${imageFormats})`
}
