/** How a zip archive begins. No model does: the first field of one is a number, or has another tag. */
const signature = [0x50, 0x4b, 0x03, 0x04]

/** Whether a file is an archive, as sessions are. */
export async function isArchive(file: Blob): Promise<boolean> {
  const bytes = new Uint8Array(await file.slice(0, signature.length).arrayBuffer())
  return signature.every((byte, i) => bytes[i] === byte)
}

/** Whether somebody takes a file for a session, whatever is in it. */
export const isCalledSession = (file: File): boolean => /\.kerf$/i.test(file.name)
