/** Numbers of the WebAssembly core specification 3.0: sections (5.5.2), kinds of imports (5.5.5), flags of limits (5.3.11). */
const importSection = 2
const importedFunction = 0
const importedMemory = 2
const hasMaximum = 1
const isShared = 2

/**
 * Makes a module import a shared memory instead of one of its own, in place: that is one flag, nothing else differs.
 * @param module a WebAssembly module that imports one memory, with a maximum, and otherwise only functions
 */
export function shareMemory(module: Uint8Array): void {
  // Behind the magic number and the version.
  let at = 8
  const byte = (): number => {
    if (at >= module.length) throw new Error('The kernels should import a memory with a maximum.')
    return module[at++]!
  }
  /** LEB128. */
  const number = (): number => {
    const first = byte()
    return first < 128 ? first : first - 128 + 128 * number()
  }
  while (byte() !== importSection) at = number() + at
  number()
  for (let left = number(); left > 0; left--) {
    for (const _ of ['module', 'name']) at = number() + at
    const kind = byte()
    if (kind === importedMemory && (module[at]! & hasMaximum) !== 0) {
      module[at] = module[at]! | isShared
      return
    }
    if (kind !== importedFunction) break
    number()
  }
  throw new Error('The kernels should import a memory with a maximum, and otherwise functions.')
}
