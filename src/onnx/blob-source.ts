import { KerfError } from '../base/index.ts'
import type { ByteSource } from './source.ts'

/** What is used of a Blob, so that this compiles without a browser's types. */
export interface BlobBytes {
  /** In bytes. */
  readonly size: number
  /**
   * A part of it.
   * @param start its first byte
   * @param end the byte behind its last
   */
  slice(start: number, end: number): BlobBytes
  /** Of a File. */
  readonly name?: string
}

/** As workers have it: a page's own thread must not wait for a disk. */
interface SyncReader {
  readAsArrayBuffer(blob: BlobBytes): ArrayBuffer
}

/**
 * A Blob or File whose parts are read when they are asked for, so that weights stay where they are until somebody asks: `readModel(blobSource(file))`. In workers of browsers
 * only; elsewhere `readModel(file)` reads all of it.
 * @param blob must stay as it is for as long as the model is used
 * @param name how messages call it; a File's own by default
 * @throws KerfError `bad-options` where no worker of a browser runs it; later, from reads: `file-changed` where the file is not what it was, or gone
 */
export function blobSource(blob: BlobBytes, name = blob.name ?? 'model.onnx'): ByteSource {
  const { FileReaderSync: Reader } = globalThis as { FileReaderSync?: new () => SyncReader }
  if (!Reader)
    throw new KerfError(
      'bad-options',
      'blobSource reads in workers of browsers only. Give readModel the Blob itself: it reads all of it.',
    )
  const reader = new Reader()
  return {
    name,
    size: blob.size,
    read(offset, length) {
      try {
        return new Uint8Array(reader.readAsArrayBuffer(blob.slice(offset, offset + length)))
      } catch (error) {
        if ((error as Error).name !== 'NotReadableError' && (error as Error).name !== 'NotFoundError') throw error
        throw new KerfError(
          'file-changed',
          `${name} was changed or moved since it was opened, so that it cannot be read any more. Open it again.`,
          { name },
        )
      }
    },
  }
}
