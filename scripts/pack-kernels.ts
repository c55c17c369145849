// The kernels' binary as text that gzip makes small: bytes of one kind together (kernels/unpack.ts has the streams), most of them one character, and equal
// bytes equal characters wherever they stand. base64 has neither.

/** Ends the alphabet, and each stream. */
const separator = '~'

/** What needs no escape in a string and ends no script in a page. The first two say that the next character stands for a byte of another page. */
const alphabet = Array.from({ length: 94 }, (_, i) => String.fromCharCode(32 + i))
  .filter((character) => !'"\'`$\\<'.includes(character))
  .join('')

/** So that the first page has the commonest of the last bytes, too: SIMD instructions begin with 253. */
const shift = 4

/** A page has as many bytes as there are characters but two. */
function printable(bytes: Uint8Array): string {
  const size = alphabet.length - 2
  const characters = Array.from(bytes, (byte) => {
    const place = (byte + shift) % 256
    const page = Math.floor(place / size)
    return `${page > 0 ? alphabet[page - 1] : ''}${alphabet[2 + (place % size)]}`
  })
  return characters.join('')
}

/** Sections: what types there are, and of which type functions are. */
const typeSection = 1
const functionSection = 3

/** How many parameters each function of a module has. */
function parametersOf(module: Uint8Array): number[] {
  let at = 8
  /** LEB128. */
  const number = (): number => {
    const byte = module[at++]!
    return byte < 128 ? byte : byte - 128 + 128 * number()
  }
  const list = (entry: () => number): number[] => Array.from({ length: number() }, entry)
  const sections = new Map<number, number>()
  while (at < module.length) {
    const section = module[at++]!
    const length = number()
    sections.set(section, at)
    at += length
  }
  at = sections.get(typeSection)!
  const parameters = list(() => {
    // Behind the mark of a function: what it takes, and what it gives.
    at++
    const count = list(number).length
    list(number)
    return count
  })
  at = sections.get(functionSection)!
  return list(number).map((type) => parameters[type]!)
}

/** Where kernels/unpack.ts has them. */
const address = { module: 1 << 18, parameters: 1 << 20, streams: 1 << 21 }
const streamBytes = 1 << 18

/**
 * @param kernels their module, with relaxed SIMD
 * @param unpack the module of kernels/unpack.ts
 */
export function packKernels(kernels: Uint8Array, unpack: Uint8Array<ArrayBuffer>): string {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(unpack))
  // What kernels/unpack.ts exports.
  const { memory, pack } = exports as unknown as { memory: WebAssembly.Memory; pack(length: number): number }
  memory.grow(64)
  const bytes = new Uint8Array(memory.buffer)
  bytes.set(kernels, address.module)
  bytes.set(parametersOf(kernels), address.parameters)
  const streams = pack(kernels.length)
  const ends = new Uint32Array(memory.buffer, 0, streams)
  const texts = Array.from(ends, (end, i) => printable(bytes.subarray(address.streams + i * streamBytes, end)))
  return [alphabet, ...texts, ''].join(separator)
}
