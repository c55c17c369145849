/**
 * JSON with two spaces of indentation, in which arrays of plain values (shapes) stay on one line. Ends with a newline.
 * @param value what JSON can hold; infinities and NaN become null
 */
export function toJson(value: unknown): string {
  // Controls that JSON lets pass are written as escapes, so that a terminal does not obey them.
  const text = format(JSON.parse(JSON.stringify(value)), '')
  return `${text.replace(/[\u007f-\u009f]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)}\n`
}

function format(value: unknown, indent: string): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const inner = `${indent}  `
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  if (Array.isArray(value) && value.every((v) => v === null || typeof v !== 'object'))
    return `[${value.map((v) => JSON.stringify(v)).join(', ')}]`
  const parts = Array.isArray(value)
    ? value.map((v) => format(v, inner))
    : Object.entries(value).map(([key, v]) => `${JSON.stringify(key)}: ${format(v, inner)}`)
  if (parts.length === 0) return `${open}${close}`
  return `${open}\n${parts.map((p) => inner + p).join(',\n')}\n${indent}${close}`
}
