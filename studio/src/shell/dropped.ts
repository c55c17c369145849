import type { PickedFile } from '../engine/model-source.ts'

/** A folder with more is no model's. */
const mostOfModels = 5000

/**
 * Files that were dropped, and those in folders that were.
 * @param most by default what a model may come in
 * @throws Error where there are more
 */
export async function droppedFiles({ items }: DataTransfer, most = mostOfModels): Promise<PickedFile[]> {
  // Before anything is awaited: afterwards the items are gone.
  const entries = Array.from(items).flatMap((item) => item.webkitGetAsEntry() ?? [])
  const files: PickedFile[] = []
  for (const entry of entries) await collect(entry, files, most)
  return files
}

async function collect(entry: FileSystemEntry, files: PickedFile[], most: number): Promise<void> {
  if (files.length >= most) throw new Error(`The folder has more than ${most} files. Drop alone what is meant.`)
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject))
    files.push({ path: entry.fullPath.replace(/^\//, ''), file })
    return
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const next = () => new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
  // They come in portions, the last one empty.
  for (let some = await next(); some.length > 0; some = await next())
    for (const one of some) await collect(one, files, most)
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile

/** Files of an `<input>`, by folder where one was picked. */
export const pickedFiles = (files: FileList): PickedFile[] =>
  Array.from(files, (file) => ({ path: file.webkitRelativePath || file.name, file }))
