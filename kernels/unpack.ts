// Puts the kernels' binary together again, of text in which bytes of one kind lie together: gzip makes less of opcodes behind opcodes and locals behind
// locals than of all in turns. A module of its own, which src/runtime/backends/wasm/engine/unpack.ts runs before there are kernels, and scripts/pack.ts the other way
// round. In AssemblyScript, since engines run that fast from the first byte on. Numbers are those of the WebAssembly core specification 3.0, 5.4 and 5.5.

/**
 * What is kept together, in the order that takes fewest bytes. `other`: sections, types, labels, calls, lanes, and what functions begin with. `block`: types of
 * blocks, alignments.
 */
enum Stream {
  constant,
  local,
  offset,
  other,
  vector,
  opcode,
  block,
  count,
}

/** A character that the alphabet has not: behind the alphabet, and behind each stream. */
const separator: i32 = 0x7e
/** The first characters of the alphabet say that the next one stands for a byte of another page; the others stand for bytes, shifted so that the commonest are on the first. */
const pages: i32 = 2
const shift: i32 = 4

/** Addresses: where the next byte of each stream lies; what each character stands for; the module; for packing the parameters of each function, and the streams. */
const places: usize = 0
const meanings: usize = 128
const module: usize = 1 << 18
const parameters: usize = 1 << 20
const packed: usize = 1 << 21

const codeSection: i32 = 10
const simdPrefix: i32 = 0xfd
const relaxedMadd: i32 = 0x105
const relaxedMadd2: i32 = 0x107
const relaxedDot: i32 = 0x113

let isPacking: bool = false
let isRelaxed: bool = true

/** The next byte of the module. */
let at: usize = 0

// @inline
function place(stream: i32): usize {
  return load<u32>(places + 4 * <usize>stream)
}

// @inline
function setPlace(stream: i32, to: usize): void {
  store<u32>(places + 4 * <usize>stream, <u32>to)
}

function move(stream: i32): i32 {
  const other = place(stream)
  setPlace(stream, other + 1)
  const byte = load<u8>(isPacking ? at : other)
  store<u8>(isPacking ? other : at, byte)
  at++
  return byte
}

/** LEB128. */
function moveNumber(stream: i32): i32 {
  const byte = move(stream)
  return byte < 128 ? byte : byte - 128 + 128 * moveNumber(stream)
}

function moveMany(stream: i32, count: i32): void {
  for (; count > 0; count--) move(stream)
}

/** Of a load or a store. */
function moveAddress(): void {
  move(Stream.block)
  moveNumber(Stream.offset)
}

function put(byte: i32): void {
  store<u8>(at++, <u8>byte)
}

function putNumber(number: i32): void {
  for (; number > 127; number >>= 7) put(number | 128)
  put(number)
}

/** How long what begins at `start` is goes ahead of it. That is in no stream. */
function putLength(start: usize): void {
  const length = at - start
  const own: usize = length < 128 ? 1 : length < 16384 ? 2 : 3
  memory.copy(start + own, start, length)
  at = start
  putNumber(<i32>length)
  at += length
}

/** Likewise passed by. */
function skipNumber(): void {
  while (load<u8>(at++) > 127) {}
}

/** Instead of the relaxed_madd that was moved: the product, rounded, then the sum. The last operand waits in a local. */
function split(isFloat32: bool, local: i32): void {
  // The prefix, and a number of two bytes.
  at -= 3
  put(0x21)
  putNumber(local)
  put(simdPrefix)
  putNumber(isFloat32 ? 0xe6 : 0xf2)
  put(0x20)
  putNumber(local)
  put(simdPrefix)
  putNumber(isFloat32 ? 0xe4 : 0xf0)
}

/** Instead of the relaxed dot product that was moved, whose kernels run only where it is exact: `unreachable`. */
function trap(): void {
  at -= 3
  put(0)
}

/**
 * The instructions of a function. Those that are not named have nothing behind their opcode.
 * @param local for what a relaxed_madd is split into; below 0: it stays
 * @returns whether there is one
 */
function moveInstructions(local: i32): bool {
  let isFused = false
  for (let depth = 1; depth > 0; ) {
    const opcode = move(Stream.opcode)
    if (opcode >= 0x20 && opcode <= 0x24) moveNumber(Stream.local)
    else if (opcode === simdPrefix) {
      const simd = moveNumber(Stream.opcode)
      if (simd === relaxedMadd || simd === relaxedMadd2) {
        isFused = true
        if (local >= 0) split(simd === relaxedMadd, local)
      } else if (simd === relaxedDot) {
        if (!isRelaxed) trap()
      } else if (simd === 12 || simd === 13) moveMany(Stream.vector, 16)
      else if (simd < 12 || (simd >= 84 && simd <= 93)) moveAddress()
      if ((simd >= 21 && simd <= 34) || (simd >= 84 && simd <= 91)) move(Stream.other)
    } else if (opcode >= 0x28 && opcode <= 0x3e) moveAddress()
    else if (opcode === 0x41 || opcode === 0x42) moveNumber(Stream.constant)
    else if (opcode === 0x43 || opcode === 0x44) moveMany(Stream.vector, opcode === 0x43 ? 4 : 8)
    else if (opcode === 0x0b) depth--
    else if (opcode >= 0x02 && opcode <= 0x04) {
      depth++
      move(Stream.block)
    } else if (opcode === 0x0c || opcode === 0x0d || opcode === 0x10) moveNumber(Stream.other)
    else if (opcode === 0x0e) moveMany(Stream.other, moveNumber(Stream.other) + 1)
    else if (opcode === 0x11) moveMany(Stream.other, 2)
    else if (opcode === 0xfc) moveMany(Stream.other, move(Stream.opcode) === 10 ? 2 : 1)
    else if (opcode === 0xfe) {
      if (move(Stream.opcode) === 3) move(Stream.other)
      else moveAddress()
    }
  }
  return isFused
}

/**
 * From the streams, or into them.
 * @param end of the stream `other`; of the module where it is packed
 */
function moveModule(end: usize, relaxed: bool): void {
  isRelaxed = relaxed
  at = module
  moveMany(Stream.other, 8)
  for (let f: usize = 0; (isPacking ? at : place(Stream.other)) < end; ) {
    if (move(Stream.other) !== codeSection) {
      moveMany(Stream.other, moveNumber(Stream.other))
      continue
    }
    if (isPacking) skipNumber()
    const section = at
    for (let functions = moveNumber(Stream.other); functions > 0; functions--) {
      if (isPacking) skipNumber()
      const start = at
      // Ahead of a function with a relaxed_madd: its parameters, and one more. Of others: 0.
      const ahead = place(Stream.other)
      setPlace(Stream.other, ahead + 1)
      let local = relaxed ? -1 : <i32>load<u8>(ahead) - 1
      const splits = local >= 0
      const groups = moveNumber(Stream.other)
      if (splits) store<u8>(start, <u8>(groups + 1))
      for (let g = 0; g < groups; g++) {
        const locals = moveNumber(Stream.other)
        if (splits) local += locals
        move(Stream.other)
      }
      if (splits) {
        // One more, a vector.
        put(1)
        put(0x7b)
      }
      const isFused = moveInstructions(local)
      if (isPacking) store<u8>(ahead, isFused ? <u8>(load<u8>(parameters + f) + 1) : 0)
      else putLength(start)
      f++
    }
    if (!isPacking) putLength(section)
  }
}

/**
 * Makes the module, at `module`, of its text.
 * @param text where it lies: the alphabet, then the streams; overwritten, since bytes never overtake characters
 * @param relaxed false: without relaxed SIMD
 * @returns how long the module is
 */
export function unpack(text: usize, relaxed: bool): usize {
  let size = 0
  for (let character = load<u8>(text++); character !== separator; character = load<u8>(text++)) {
    store<i32>(meanings + 4 * <usize>character, size++)
  }
  const pageSize = size - pages
  let to = text
  let end = text
  for (let stream = 0; stream < Stream.count; stream++) {
    setPlace(stream, to)
    let page = 0
    for (let character = load<u8>(text++); character !== separator; character = load<u8>(text++)) {
      const meaning = load<i32>(meanings + 4 * <usize>character)
      if (meaning < pages) page = pageSize * (meaning + 1)
      else {
        store<u8>(to++, <u8>(page + meaning - pages - shift))
        page = 0
      }
    }
    if (stream === Stream.other) end = to
  }
  moveModule(end, relaxed)
  return at - module
}

/**
 * The streams of the module at `module`, from `packed` on, 2^18 bytes apart; where they end stands at `places`.
 * @returns how many there are
 */
export function pack(length: usize): i32 {
  isPacking = true
  for (let stream = 0; stream < Stream.count; stream++) setPlace(stream, packed + ((<usize>stream) << 18))
  moveModule(module + length, true)
  return Stream.count
}
