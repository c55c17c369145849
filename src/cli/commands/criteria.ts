import type { Command } from 'commander'
import { type Criterion, criteria } from '../../api/prune.ts'
import { type Report, toJson } from '../../report/index.ts'
import type { Io } from '../io.ts'
import { terminalText } from '../print.ts'
import { needsText } from '../prune/scoring.ts'

const examples = `
Examples:
  kerf criteria
  kerf prune model.onnx -o smaller.onnx --ratio 0.5 --criterion group-l2
  kerf prune model.onnx -o smaller.onnx --ratio 0.5 --criterion fisher --data photos/ --images 256

docs/pruning.md has the formulas.`

export function define(command: Command, io: Io): void {
  command
    .option('--json', 'print JSON, with the formulas')
    .addHelpText('after', examples)
    .action((options: { readonly json?: boolean }) => {
      const listed = criteria.map(({ name, needs, ranking, formula, source }) => ({
        name,
        needs,
        ranking,
        formula,
        source,
      }))
      io.out(options.json ? toJson({ criteria: listed }) : terminalText(report(criteria), io))
    })
}

const report = (all: readonly Criterion[]): Report => ({
  title: 'What a channel is worth: the lowest go first',
  facts: [],
  tables: [
    {
      columns: [
        { key: 'name', header: 'Criterion' },
        { key: 'needs', header: 'Looks at', wrap: true },
        { key: 'source', header: 'Source', wrap: true },
      ],
      rows: all.map((c) => [c.name, needsText(c), c.source || '–']),
    },
  ],
  notes: ['kerf prune --criterion NAME; images and labels come from --data.'],
})
