/*
 * Labels of pictures as a table: CSV (RFC 4180), a row for each file and its label. Commas, semicolons or tabs stand between columns; the first row may name them.
 */

/** Which label a file has. */
export interface LabelTable {
  /** How many rows name a file. */
  readonly count: number
  /**
   * The label of a picture.
   * @param path with the folders that it was given with; the table may leave out outer ones of them, or a picture that was given alone all of them
   * @returns undefined where no row names it
   */
  labelOf(path: string): string | undefined
}

const fileHeaders = /^(file|file ?name|image|picture|path)$/i
const labelHeaders = /^(labels?|class|category|target)$/i

/**
 * Reads a table.
 * @param name of its file, for messages
 * @throws Error where it has no two columns, or where a file has two labels
 */
export function labelTable(text: string, name: string): LabelTable {
  const rows = rowsOf(text).filter((row) => row.some((cell) => cell.trim() !== ''))
  const [first = []] = rows
  if (first.length < 2) throw new Error(`${name} is no table of labels: it needs two columns, file and label.`)
  const [file, label] = [fileHeaders, labelHeaders].map((known) => first.findIndex((cell) => known.test(cell.trim())))
  const isHeader = file! >= 0 && label! >= 0
  const [fileColumn, labelColumn] = isHeader ? [file!, label!] : [0, 1]
  const byPath = new Map<string, string>()
  for (const row of rows.slice(isHeader ? 1 : 0)) {
    const [path, own] = [row[fileColumn]?.trim() ?? '', row[labelColumn]?.trim() ?? '']
    if (path === '' || own === '') continue
    const known = byPath.get(plain(path))
    if (known !== undefined && known !== own) throw new Error(`${name} gives ${path} two labels: ${known} and ${own}.`)
    byPath.set(plain(path), own)
  }
  const alone = new Map<string, string | undefined>()
  for (const [path, own] of byPath) {
    const last = lastOf(path)
    // Of two files of one name in different folders neither can be meant by its name alone.
    alone.set(last, alone.has(last) && alone.get(last) !== own ? undefined : own)
  }
  return {
    count: byPath.size,
    labelOf(path) {
      const parts = plain(path).split('/')
      for (let i = 0; i < parts.length; i++) {
        const found = byPath.get(parts.slice(i).join('/'))
        if (found !== undefined) return found
      }
      return parts.length === 1 ? alone.get(parts[0]!) : undefined
    },
  }
}

const plain = (path: string) => path.replaceAll('\\', '/').replace(/^(\.?\/)+/, '')
const lastOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)

/** Cells of a text, row by row; what lies between quotes may hold anything, quotes twice. */
function rowsOf(text: string): string[][] {
  const plainText = text.replace(/^\uFEFF/, '')
  const unquoted = plainText.replace(/"(?:[^"]|"")*"/g, '')
  const firstLine = unquoted.slice(0, unquoted.search(/[\r\n]|$/))
  const delimiter = ['\t', ';', ','].find((d) => firstLine.includes(d)) ?? ','
  const rows: string[][] = [[]]
  const cell = new RegExp(`(?:"((?:[^"]|"")*)"|([^${delimiter}\\r\\n]*))(${delimiter}|\\r?\\n|\\r|$)`, 'gy')
  for (let found = cell.exec(plainText); found; found = cell.exec(plainText)) {
    const [, quoted, bare = '', end] = found
    rows.at(-1)!.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'))
    if (end === '' || cell.lastIndex >= plainText.length) break
    if (end !== delimiter) rows.push([])
  }
  return rows
}
