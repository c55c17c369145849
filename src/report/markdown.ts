import { cellText, isNumeric, shown } from './cell.ts'
import type { Cell, Report, Table } from './table.ts'

/** GitHub-flavoured Markdown. */
export function toMarkdown(report: Report): string {
  const facts = report.facts.map(([label, value]) => `- ${escapeMarkdown(label)}: ${escapeMarkdown(value)}`).join('\n')
  const parts = [
    `# ${escapeMarkdown(report.title)}`,
    facts,
    ...report.tables.map(markdownTable),
    ...(report.notes ?? []).map(escapeMarkdown),
  ]
  return `${parts.filter((p) => p !== '').join('\n\n')}\n`
}

/** A table with its title (a level-2 heading) and notes. */
export function markdownTable(table: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const row = (cells: readonly Cell[]) => table.columns.map((c, i) => escapeMarkdown(cellText(cells[i], c)))
  const lines = [
    line(table.columns.map((c) => escapeMarkdown(c.header))),
    `|${table.columns.map((c) => (isNumeric(c) ? '---:' : '---')).join('|')}|`,
    ...table.rows.map((cells) => line(row(cells))),
  ]
  if (table.total) lines.push(line(row(table.total).map((text) => (text === '' ? '' : `**${text}**`))))
  const notes = (table.notes ?? []).map((note) => `\n${escapeMarkdown(note)}`)
  return [...(table.title ? [`## ${escapeMarkdown(table.title)}\n`] : []), ...lines, ...notes].join('\n')
}

/** Names keep every character: what Markdown would take as markup is escaped. */
export const escapeMarkdown = (text: string): string =>
  shown(text)
    .replace(/[\\`*_{}[\]<>#|~]/g, '\\$&')
    .replace(/\r?\n/g, ' ')
