import { largest } from '../base/index.ts'
import { cellText, isNumeric, plainCell, shown } from './cell.ts'
import { script } from './html-script.ts'
import { stylesheet } from './html-style.ts'
import type { Cell, Column, Report, Table } from './table.ts'

/** What a page has besides its tables. */
export interface HtmlOptions {
  /** Pictures as SVG, above the tables. */
  readonly figures?: readonly string[]
}

/** A page that needs nothing else: styles and the script of its tables inside, light and dark as the reader's system has it. */
export function toHtml(report: Report, options: HtmlOptions = {}): string {
  const figures = (options.figures ?? []).filter((svg) => svg !== '').map((svg) => `<figure>${svg}</figure>`)
  const notes = (report.notes ?? []).map((note) => `<p class="note">${escapeHtml(note)}</p>`).join('\n')
  return htmlPage(
    report.title,
    `<h1>${escapeHtml(report.title)}</h1>
${htmlFacts(report.facts)}
${[...figures, ...report.tables.map(htmlTable)].join('\n')}
${notes}`,
  )
}

/** Facts as a row of cards; nothing where there are none. */
export function htmlFacts(facts: Report['facts']): string {
  if (facts.length === 0) return ''
  const cards = facts.map(([label, value]) => `<div><dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd></div>`)
  return `<dl class="facts">\n${cards.join('\n')}\n</dl>`
}

/**
 * The page around a body of HTML, in the colours of all pages.
 * @param title plain text
 * @param styles CSS besides that of all pages
 */
export function htmlPage(title: string, body: string, styles = ''): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Kerf">
<title>${escapeHtml(title)}</title>
<style>
${stylesheet}${styles}</style>
</head>
<body>
<main>
${body}
</main>
<script>
${script}</script>
</body>
</html>
`
}

/** With more rows than this a table can be filtered. */
const manyRows = 12

/** A table with its title (a level-2 heading) and notes. It is sorted by its heads, its rows are filtered (html-script.ts). */
export function htmlTable(table: Table): string {
  const most = table.columns.map((c, i) =>
    c.bar
      ? largest(
          table.rows.map((row) => numberIn(row[i])),
          0,
        )
      : 0,
  )
  const cell = (column: Column, value: Cell | undefined, i: number) => {
    const length = ((100 * numberIn(value)) / (most[i] || 1)).toFixed(2)
    const bar = column.bar && most[i] ? `<i style="width:${length}%"></i>` : ''
    const text = escapeHtml(cellText(value, column))
    const classes = classAttribute([...classesOf(column), ...(value === 0 ? ['zero'] : []), ...(bar ? ['bar'] : [])])
    return `<td${classes}${sortValue(value)}>${bar}${bar ? `<span>${text}</span>` : text}</td>`
  }
  const totalCell = (c: Column, i: number) =>
    `<td${classAttribute(classesOf(c))}>${escapeHtml(cellText(table.total?.[i], c))}</td>`
  const head = table.columns
    .map((c) => {
      const text = escapeHtml(c.header)
      return `<th scope="col"${classAttribute(classesOf(c))}>${text === '' ? '' : `<button type="button">${text}</button>`}</th>`
    })
    .join('')
  const rows = table.rows
    .map((row) => `<tr>${table.columns.map((c, i) => cell(c, row[i], i)).join('')}</tr>`)
    .join('\n')
  const total = table.total ? `\n<tfoot><tr>${table.columns.map(totalCell).join('')}</tr></tfoot>` : ''
  const notes = (table.notes ?? []).map((note) => `\n<p class="note">${escapeHtml(note)}</p>`).join('')
  return `<section class="rows">
${table.title ? `<h2>${escapeHtml(table.title)}</h2>\n` : ''}${tools(table)}<div class="scroll"><table>
<thead><tr>${head}</tr></thead>
<tbody>
${rows}
</tbody>${total}
</table></div>${notes}
</section>`
}

/** What stands above a table: a field to filter many rows, a switch for columns that are not shown at first. */
function tools({ title, columns, rows }: Table): string {
  const label = escapeHtml(title ?? 'Layers')
  const filter =
    rows.length > manyRows
      ? `<label class="scripted-only">Filter <input type="search" aria-label="Filter: ${label}"></label><output class="scripted-only" aria-live="polite"></output>`
      : ''
  const more = columns.some((c) => c.detail) ? '<label><input type="checkbox" class="more"> All columns</label>' : ''
  return filter || more ? `<div class="tools">${filter}${more}</div>\n` : ''
}

const classesOf = (column: Column): string[] => [
  ...(isNumeric(column) ? ['number'] : []),
  ...(column.wrap ? ['sentence'] : []),
  ...(column.detail ? ['detail'] : []),
]

const sortValue = (cell: Cell | undefined): string => {
  const value = cell === undefined ? null : plainCell(cell)
  return typeof value === 'number' ? ` data-value="${value}"` : ''
}

function numberIn(cell: Cell | undefined): number {
  const value = cell === undefined ? null : plainCell(cell)
  return typeof value === 'number' ? value : 0
}

const classAttribute = (classes: readonly string[]): string =>
  classes.length > 0 ? ` class="${classes.join(' ')}"` : ''

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export const escapeHtml = (text: string): string => shown(text).replace(/[&<>"']/g, (c) => entities[c]!)
