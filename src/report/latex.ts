import { cellText, isNumeric, shown } from './cell.ts'
import type { Cell, Column, Report, Table } from './table.ts'

/** One `tabular` per table, in the style of the booktabs package. */
export function toLatex(report: Report): string {
  return `${report.tables.map(latexTable).join('\n\n')}\n`
}

function latexTable(table: Table): string {
  const row = (cells: readonly Cell[]) => `${table.columns.map((c, i) => latexCell(cells[i], c)).join(' & ')} \\\\`
  return [
    ...(table.title ? [`% ${shown(table.title).replace(/\s+/g, ' ')}`] : []),
    `\\begin{tabular}{${table.columns.map((c) => (isNumeric(c) ? 'r' : 'l')).join('')}}`,
    '\\toprule',
    row(table.columns.map((c) => c.header)),
    '\\midrule',
    ...table.rows.map(row),
    ...(table.total ? ['\\midrule', row(table.total)] : []),
    '\\bottomrule',
    '\\end{tabular}',
    ...(table.notes ?? []).map((note) => `% ${shown(note).replace(/\s+/g, ' ')}`),
  ].join('\n')
}

function latexCell(cell: Cell | undefined, column: Column): string {
  if (cell !== null && typeof cell === 'object' && 'latex' in cell) return `$${cell.latex}$`
  return escapeLatex(cellText(cell, column, { unknown: '--' }))
}

const special: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '×': '$\\times$',
  '→': '$\\rightarrow$',
  '÷': '$\\div$',
  '·': '$\\cdot$',
  '≥': '$\\geq$',
}

const escapeLatex = (text: string): string => shown(text).replace(/[\\~^×→÷·≥&%#_{}$]/g, (c) => special[c] ?? `\\${c}`)
