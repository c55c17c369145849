/*
 * The origin private file system: what a page keeps on this machine. The system's own interface, which writes whole Files outside of the page's thread; wrappers of it bring file
 * trees, archives or workers of their own. In the page and in workers.
 */

/** Whether this browser can keep files for a page: some have none of it, others not in private windows. */
export const canKeep = async (): Promise<boolean> =>
  'createWritable' in (globalThis.FileSystemFileHandle?.prototype ?? {}) &&
  (await navigator.storage.getDirectory().then(
    () => true,
    () => false,
  ))

/** The folder of one kind of files. */
export const keptFolder = async (name: string): Promise<FileSystemDirectoryHandle> =>
  (await navigator.storage.getDirectory()).getDirectoryHandle(name, { create: true })

/** Whole or not at all. */
export async function writeKept(
  folder: FileSystemDirectoryHandle,
  name: string,
  content: Blob | string | Uint8Array<ArrayBuffer>,
): Promise<void> {
  const writable = await (await folder.getFileHandle(name, { create: true })).createWritable()
  await writable.write(content)
  await writable.close()
}

/** Undefined where it is not there. */
export const readKept = (folder: FileSystemDirectoryHandle, name: string): Promise<File | undefined> =>
  folder.getFileHandle(name).then(
    (handle) => handle.getFile(),
    (error: Error) => {
      if (error.name === 'NotFoundError') return undefined
      throw error
    },
  )

/** A short name for what these parts are, one after another: the same for the same ones. */
export async function hashOf(...parts: readonly BlobPart[]): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', await new Blob([...parts]).arrayBuffer())
  return Array.from(new Uint8Array(hash, 0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
