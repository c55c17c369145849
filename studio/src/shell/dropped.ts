import type { PickedFile } from '../engine/model-source.ts'

/** A folder with more is no model's. */
const mostFiles = 5000

/**
 * Files that were dropped, and those in folders that were.
 * @throws Error where there are more than `mostFiles`
 */
export async function droppedFiles({ items }: DataTransfer): Promise<PickedFile[]> {
  // Before anything is awaited: afterwards the items are gone.
  const entries = Array.from(items).flatMap((item) => item.webkitGetAsEntry() ?? [])
  const files: PickedFile[] = []
  for (const entry of entries) await collect(entry, files)
  return files
}

async function collect(entry: FileSystemEntry, files: PickedFile[]): Promise<void> {
  if (files.length >= mostFiles)
    throw new Error(`The folder has more than ${mostFiles} files. Drop the model and its external data alone.`)
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject))
    files.push({ path: entry.fullPath.replace(/^\//, ''), file })
    return
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const next = () => new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
  // They come in portions, the last one empty.
  for (let some = await next(); some.length > 0; some = await next()) for (const one of some) await collect(one, files)
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile

/** Files of an `<input>`, by folder where one was picked. */
export const pickedFiles = (files: FileList): PickedFile[] =>
  Array.from(files, (file) => ({ path: file.webkitRelativePath || file.name, file }))
