import type { Comparison, Profile } from '../cost/index.ts'
import { blockGraph } from './block-graph.ts'
import { blocksJson, blocksOf, blockTable } from './block-table.ts'
import { type CompareReportOptions, compareLayersTable, compareReport } from './compare-report.ts'
import { toCsv } from './csv.ts'
import { toHtml } from './html.ts'
import { toJson } from './json.ts'
import { pageColumns } from './layer-columns.ts'
import { toMarkdown } from './markdown.ts'
import { type ProfileReportOptions, profileCsvTable, profileReport } from './profile-report.ts'

/** What files hold tables in. */
export type FileFormat = 'json' | 'csv' | 'md' | 'html'

/**
 * A profile as a file: what `kerf profile MODEL -o FILE` writes.
 * @param profile what was counted
 * @param format the file's
 * @param options `depth`: blocks instead of layers; of the rest JSON takes nothing, CSV `sort`
 */
export function profileFileText(profile: Profile, format: FileFormat, options: ProfileReportOptions = {}): string {
  const { depth, sort } = options
  switch (format) {
    case 'json':
      return toJson(depth === undefined ? profile : { ...profile, blocks: blocksJson(blocksOf(profile.layers), depth) })
    case 'csv':
      return toCsv(depth === undefined ? profileCsvTable(profile, { sort }) : blockTable(profile, depth))
    case 'md':
      return toMarkdown(profileReport(profile, { ...options, columns: pageColumns }))
    case 'html':
      return toHtml(profileReport(profile, { ...options, columns: pageColumns }), { figures: [blockGraph(profile)] })
  }
}

/**
 * A comparison as a file: what `kerf compare A B -o FILE` writes.
 * @param comparison of two networks
 * @param format the file's
 * @param options of Markdown and HTML; JSON and CSV hold every layer, by its whole name
 */
export function comparisonFileText(
  comparison: Comparison,
  format: FileFormat,
  options: CompareReportOptions = {},
): string {
  switch (format) {
    case 'json':
      return toJson(comparison)
    case 'csv':
      return toCsv(compareLayersTable(comparison, { all: true, fullNames: true, reasons: true }))
    case 'md':
      return toMarkdown(compareReport(comparison, options))
    case 'html':
      return toHtml(compareReport(comparison, options))
  }
}
