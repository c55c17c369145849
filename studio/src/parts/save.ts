/** Gives text as a file to whoever looks at the page. */
export const saveText = (text: string, name: string, type: string): void => saveBlob(new Blob([text], { type }), name)

/** The same of anything. */
export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // A browser may read it a moment later.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

/** `model.onnx` → `model`. */
export const stemOf = (name: string): string => name.replace(/\.[^.]+$/, '') || name
