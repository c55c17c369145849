import { boxKinds, type GraphColumns } from '../../engine/graph/types.ts'
import { type Colouring, type Parts, percentText, sumText } from './colourings.ts'
import { neighbours } from './selection.ts'

/** Names more than these are counted only. */
const mostNames = 3

/** What is said of a box to those who do not see it. */
export function described(graph: GraphColumns, box: number, colouring: Colouring, { sums, parts }: Parts): string {
  const { boxes } = graph
  const { before, behind } = neighbours(graph, box)
  const isClosed = boxKinds[boxes.kinds[box]!] === 'block'
  const part =
    sums[box]! > 0
      ? `${percentText(parts[box]!)} of ${colouring.outOf ? 'its own ' : ''}${colouring.title}, ${sumText(colouring, sums[box]!)}`
      : ''
  return [
    `${boxes.names[box]}: ${boxes.texts[box]}`,
    part,
    isClosed ? 'Closed block, Enter opens it' : '',
    before.length > 0 ? `Reads from ${namesOf(graph, before)}` : '',
    behind.length > 0 ? `Read by ${namesOf(graph, behind)}` : '',
  ]
    .filter((text) => text !== '')
    .join('. ')
}

function namesOf({ boxes }: GraphColumns, which: readonly number[]): string {
  const names = which.slice(0, mostNames).map((i) => boxes.names[i])
  return [...names, ...(which.length > mostNames ? [`${which.length - mostNames} more`] : [])].join(', ')
}
