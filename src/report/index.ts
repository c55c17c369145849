// Plain data as text: tables for terminals, Markdown, CSV, JSON, HTML, LaTeX; which tables a profile, a comparison, the formulas make.
// Not here: counting (cost/), files and terminals (cli/).
// May import: base, types of cost.
export * from './compare-report.ts'
export * from './csv.ts'
export * from './formula-report.ts'
export * from './html.ts'
export * from './json.ts'
export * from './latex.ts'
export * from './markdown.ts'
export * from './numbers.ts'
export * from './profile-report.ts'
export * from './table.ts'
export * from './terminal.ts'
