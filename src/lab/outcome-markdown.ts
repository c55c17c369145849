import { escapeMarkdown, markdownTable } from '../report/index.ts'
import { checksTable, circumstances, verdictText } from './outcome-report.ts'
import type { Outcome } from './run.ts'

/**
 * A page about one experiment in GitHub's Markdown, formulas included.
 * @param picture path of the SVG with the charts, as seen from the page; without one, no picture
 */
export function outcomeMarkdown(outcome: Outcome, picture?: string): string {
  const { experiment, tables, checks, charts, notes = [] } = outcome
  const parts = [
    `# ${escapeMarkdown(experiment.title)}`,
    `**${verdictText(outcome)}** ${experiment.claim}`,
    '## Where it comes from',
    ...experiment.derivation.map(displayed),
    '## What is measured',
    experiment.measures,
    experiment.data,
    circumstances(outcome)
      .map(([label, value]) => `- ${label}: ${escapeMarkdown(value)}`)
      .join('\n'),
    ...(picture !== undefined && charts.length > 0 ? [`![${escapeMarkdown(charts[0]?.title ?? '')}](${picture})`] : []),
    ...tables.map(markdownTable),
    ...notes.map(displayed),
    markdownTable(checksTable(checks)),
  ]
  return `${parts.join('\n\n')}\n`
}

/** Display formulas on lines of their own, as GitHub wants them. */
const displayed = (prose: string): string =>
  prose.replace(/\s*\$\$([^$]+)\$\$\s*/g, (_, formula) => `\n\n$$\n${formula.trim()}\n$$\n\n`).trim()
