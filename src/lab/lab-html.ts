import { chartsSvg, escapeHtml, htmlFacts, htmlPage, htmlTable } from '../report/index.ts'
import { formulaMathml } from './formula-mathml.ts'
import { splitProse } from './formula-text.ts'
import { checkResult, checksTable, circumstances, verdictText } from './outcome-report.ts'
import type { Outcome } from './run.ts'

/*
 * One page with everything in it: formulas as MathML, which browsers typeset with their own fonts, charts as SVG in the page's colours.
 */

const styles = `:root { --series-1: #0072b2; --good: #00734f; --bad: #b3400a; }
@media (prefers-color-scheme: dark) {
  :root { --series-1: #4aa3df; --series-2: #f07c2b; --series-3: #1fbf92; --good: #35c795; --bad: #ff8a50; }
}
main { max-width: 62rem; }
p, li { max-width: 46rem; }
nav ol { columns: 2; padding-left: 1.4rem; }
article { border-top: 1px solid var(--line); margin-top: 3rem; }
article > h2 { font-size: 1.35rem; margin-top: 1.5rem; }
article section h2, article h3 { font-size: 1.05rem; }
a { color: inherit; }
.claim { font-size: 1.1rem; }
.holds, .fails { font-weight: 700; white-space: nowrap; }
.holds { color: var(--good); }
.fails { color: var(--bad); }
math { font-size: 1.08em; }
.display { overflow-x: auto; overflow-y: hidden; padding: .2rem 0; }
figure { margin: 1.5rem 0; }
figure svg { max-width: 100%; height: auto; }
`

/**
 * Prose as HTML, formulas in it as MathML.
 * @param prose plain text with formulas in LaTeX, as experiments have it
 * @throws KerfError `bad-formula` for a formula that cannot be typeset
 */
export function proseHtml(prose: string): string {
  return splitProse(prose)
    .map(({ text, formula }) => {
      if (formula === undefined)
        return escapeHtml(text)
          .replace(/`([^`]+)`/g, '<code>$1</code>')
          .replace(/\*(\S|\S[^*`]*\S)\*/g, '<em>$1</em>')
      const displayMode = formula === 'display'
      const math = formulaMathml(text, displayMode)
      return displayMode ? `<span class="display">${math}</span>` : math
    })
    .join('')
}

const paragraph = (prose: string): string => `<p>${proseHtml(prose)}</p>`

const badge = ({ holds }: Pick<Outcome, 'holds'>): string =>
  `<span class="${holds ? 'holds' : 'fails'}">${holds ? '✓ holds' : '✗ does not hold'}</span>`

function article(outcome: Outcome): string {
  const { experiment, tables, charts, checks, notes = [] } = outcome
  const verdict = checksTable(checks)
  return [
    `<article id="${experiment.name}">`,
    `<h2>${escapeHtml(experiment.title)}</h2>`,
    `<p class="claim">${proseHtml(experiment.claim)} ${badge(outcome)}</p>`,
    '<h3>Where it comes from</h3>',
    ...experiment.derivation.map(paragraph),
    '<h3>What is measured</h3>',
    paragraph(experiment.measures),
    paragraph(experiment.data),
    htmlFacts(circumstances(outcome)),
    ...(charts.length > 0 ? [`<figure>${chartsSvg(charts, { theme: 'page', width: 860, height: 280 })}</figure>`] : []),
    ...tables.map(htmlTable),
    ...notes.map(paragraph),
    htmlTable({
      ...verdict,
      rows: verdict.rows.map((row, i) => {
        const check = checks[i]!
        return [...row.slice(0, -1), `${check.holds === (check.control ?? false) ? '✗' : '✓'} ${checkResult(check)}`]
      }),
    }),
    paragraph(verdictText(outcome)),
    '</article>',
  ].join('\n')
}

/**
 * A self-contained page about experiments: no scripts, no fonts, nothing fetched; light and dark as the reader's system has it.
 * @param title plain text
 * @param outcomes a chapter each, in this order
 * @param facts about all of them: machine, version, command
 */
export function labHtml(
  title: string,
  outcomes: readonly Outcome[],
  facts: readonly (readonly [label: string, value: string])[] = [],
): string {
  const contents = outcomes.map(
    (o) => `<li><a href="#${o.experiment.name}">${escapeHtml(o.experiment.title)}</a> ${badge(o)}</li>`,
  )
  return htmlPage(
    title,
    [
      `<h1>${escapeHtml(title)}</h1>`,
      htmlFacts(facts),
      `<nav><ol>\n${contents.join('\n')}\n</ol></nav>`,
      ...outcomes.map(article),
    ].join('\n'),
    styles,
  )
}
