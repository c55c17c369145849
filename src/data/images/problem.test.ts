import sharp from 'sharp'
import { expect, it } from 'vitest'
import { imageDecoder } from './decode.node.ts'

const said = async (bytes: Uint8Array) => {
  const decoded = await (await imageDecoder(true))(bytes)
  return 'problem' in decoded ? decoded.problem : undefined
}

const noise = sharp(
  Uint8Array.from({ length: 120 * 100 * 3 }, (_, i) => (i * 7919) % 256),
  {
    raw: { width: 120, height: 100, channels: 3 },
  },
)

it.each(['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'] as const)('a cut-off %s is said to be one', async (format) => {
  const bytes = await noise.clone().toFormat(format).toBuffer()
  expect(await said(bytes)).toBeUndefined()
  const name = { png: 'PNG', jpeg: 'JPEG', webp: 'WebP', gif: 'GIF', tiff: 'TIFF', avif: 'AVIF' }[format]
  for (const part of [0.1, 0.5])
    expect(await said(bytes.subarray(0, Math.floor(bytes.length * part)))).toBe(
      `it is a ${name} that is damaged or cut off`,
    )
})

it.each([
  ['', 'it is empty'],
  ['hello', 'it is in no format known here (PNG, JPEG, WebP, AVIF, TIFF or GIF)'],
  ['<html><body>404</body></html>', 'it is a web page or XML, none of PNG, JPEG, WebP, AVIF, TIFF, GIF'],
  ['BM                     ', 'it is a BMP image, none of PNG, JPEG, WebP, AVIF, TIFF, GIF'],
  ['%PDF-1.4', 'it is a PDF, none of PNG, JPEG, WebP, AVIF, TIFF, GIF'],
])('says what it is instead: %j', async (text, problem) => {
  expect(await said(new TextEncoder().encode(text))).toBe(problem)
})
