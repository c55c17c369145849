// The operator support table of docs/operators.md, as text, from the list of operators.

import { probe } from './operator-probe.mjs'

const intro = `# Operators

Written by \`npm run docs\` from the operators' own objects (\`src/ops\`); do not edit. How to add one: [adding-an-operator.md](adding-an-operator.md).

Kerf infers the shapes of every operator in this table. An operator that is not in it is kept as it is: its shapes are taken from the
file, \`kerf profile\` lists it as not counted, and channels that reach it stay.

- **Counted**: which operations \`kerf profile\` counts. "moves data": no arithmetic, only reads and writes; "view": not even those;
  "no": its work depends on the data, and \`kerf profile\` lists it as not counted; "its bodies": see [cost.md](cost.md).
- **Parameters**: which inputs count as parameters where the file stores them (0 is the first); "operands": every stored
  floating-point input with more than one element.
- **Value**: whether it has a scalar reference, so that Kerf can run it without a kernel and follow sizes through it (Shape and Size need
  none: they answer from sizes).
- **Gradients**, in training: "exact": they pass; "surrogate": in place of the derivative, what the operator's own formula says; "zero": the output does not
  change with the input wherever there is a derivative; empty: none pass.
- **Channels**, when filters or neurons are removed: "makes": removing starts at its weight; "passes": channels go through, and
  what it holds of them goes along; "ends": its output has none of them; "stays": what reaches it stays whole; "as what it stands for": a branch or a number of rounds that is known beforehand, or a sequence of known
  elements, gives way to the nodes that it stands for; otherwise what reaches it stays whole.
- **Refused**: the reasons it can give for channels that must stay.
`

const kindsOfCounts = { macs: 'MACs', adds: 'additions', muls: 'multiplications', others: 'others' }
const makes = { filter: 'makes filters', neuron: 'makes neurons' }

function counted(operator, found) {
  if (operator.control) return 'its bodies'
  if (operator.accesses === 'view') return 'view'
  if (operator.cost === 'none') return 'moves data'
  if (operator.cost === 'data-dependent') return 'no'
  const kinds = Object.keys(kindsOfCounts).filter((kind) => found.counts.has(kind))
  return kinds.length > 0 ? kinds.map((kind) => kindsOfCounts[kind]).join(', ') : 'depends'
}

function channels(operator, found) {
  if (operator.unfold) return 'as what it stands for'
  const parts = Object.keys(makes)
    .filter((kind) => found.roots.has(kind))
    .map((kind) => makes[kind])
  if (found.passes) parts.push('passes')
  if (parts.length === 0 && found.ends) parts.push('ends')
  if (parts.length > 0) return parts.join(', ')
  if (found.fed > 0) return 'stays'
  return found.tried > 0 ? '' : 'depends'
}

function parameters({ parameters }) {
  if (!parameters) return ''
  return parameters === 'operands' ? 'operands' : parameters.join(', ')
}

function gradients({ backward, gradient, surrogate, unrolled }) {
  if (unrolled) return 'exact'
  if (!backward) return gradient ?? ''
  return surrogate ? 'surrogate' : 'exact'
}

const cell = (text) => text.replaceAll('|', '\\|')

function row(operator, callOf) {
  const found = probe(operator, callOf)
  const cells = [
    operator.name,
    counted(operator, found),
    parameters(operator),
    operator.forward ? 'yes' : '',
    gradients(operator),
    channels(operator, found),
    [...found.reasons].sort().join('; '),
  ]
  return `| ${cells.map(cell).join(' | ')} |`
}

const compositeIntro = `## Operators that stand for others

Nodes of these are seen as what they are put together of, and everything above is true of that. A file that is only read and written keeps them; one that
is cut, swapped or trained has the others in their place.
`

/**
 * @param {readonly import('../src/graph/index.ts').Operator[]} operators
 * @param {typeof import('../src/graph/index.ts').callOf} callOf
 * @param {readonly import('../src/graph/index.ts').Composite[]} composites
 * @returns {string} Markdown
 */
export function operatorTable(operators, callOf, composites) {
  const domains = [...new Set(operators.map((o) => o.domain))].sort()
  const sections = domains.map((domain) => {
    const own = operators.filter((o) => o.domain === domain).sort((a, b) => (a.name < b.name ? -1 : 1))
    return [
      `## ${domain === '' ? 'The standard domain' : `Domain \`${domain}\``} (${own.length})`,
      '',
      '| Operator | Counted | Parameters | Value | Gradients | Channels | Refused |',
      '|---|---|---|---|---|---|---|',
      ...own.map((operator) => row(operator, callOf)),
      '',
    ].join('\n')
  })
  const names = [...new Set(composites.map((c) => `- \`${c.domain}\` ${c.name}`))].sort()
  return [intro, ...sections, compositeIntro, ...names, ''].join('\n')
}
