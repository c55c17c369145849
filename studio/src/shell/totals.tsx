import type { Totals as Counts } from 'kerf'
import { human } from 'kerf/report'
import classes from './shell.module.css'

const shown = [
  ['macs', 'MACs'],
  ['params', 'Parameters'],
  ['accesses', 'Accesses'],
] as const

/** What the network costs as a whole. A sum that lacks something says so. */
export function Totals({ totals }: { totals: Counts }) {
  return (
    <dl className={classes.totals} aria-label="Totals">
      {shown.map(([key, title]) => (
        <div key={key}>
          <dt>{title}</dt>
          <dd title={totals[key].toLocaleString('en')}>
            {totals.partial.includes(key) && 'at least '}
            {human(totals[key])}
          </dd>
        </div>
      ))}
    </dl>
  )
}
