/** What people give instead of a model, by the first bytes. */
const formats: readonly {
  readonly at: number
  readonly magic: string
  readonly is: string
  readonly remedy?: string
}[] = [
  {
    at: 4,
    magic: 'TFL3',
    is: 'a TensorFlow Lite model',
    remedy: 'Convert it to ONNX first, for example with tf2onnx.',
  },
  { at: 4, magic: 'ORTM', is: 'a model in the ORT format', remedy: 'Give the .onnx file that it was made from.' },
  {
    at: 0,
    magic: '\x89HDF',
    is: 'an HDF5 file, as Keras writes',
    remedy: 'Convert it to ONNX first, for example with tf2onnx.',
  },
  {
    at: 0,
    magic: 'PK\x03\x04',
    is: 'a ZIP archive, as PyTorch and Keras write',
    remedy: 'Unpack it, or export the network to ONNX first.',
  },
  { at: 0, magic: '\x1f\x8b', is: 'a gzip archive', remedy: 'Unpack it first.' },
  { at: 0, magic: '\x89PNG', is: 'a PNG image' },
  { at: 0, magic: '\xff\xd8\xff', is: 'a JPEG image' },
  { at: 0, magic: 'GIF8', is: 'a GIF image' },
  { at: 0, magic: '%PDF', is: 'a PDF document' },
  {
    at: 0,
    magic: '\x80\x02',
    is: 'a Python pickle, as old PyTorch writes',
    remedy: 'Export the network to ONNX first.',
  },
  {
    at: 0,
    magic: 'version https://git-lfs',
    is: 'a Git LFS pointer',
    remedy: 'Fetch the real file with git lfs pull.',
  },
  { at: 0, magic: '{', is: 'JSON' },
  { at: 0, magic: '<', is: 'XML or HTML' },
]

/** @param head the first bytes of a file, up to 16 of them */
export function foreignFormat(head: Uint8Array): { readonly is: string; readonly remedy?: string } | undefined {
  const text = String.fromCharCode(...head)
  const found = formats.find((f) => text.startsWith(f.magic.slice(0, 16 - f.at), f.at))
  if (found) return found
  const printable = (b: number) => (b >= 0x20 && b < 0x7f) || b === 0x09 || b === 0x0a || b === 0x0d
  return head.length > 0 && head.every(printable) ? { is: 'text' } : undefined
}
