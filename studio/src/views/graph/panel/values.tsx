import { Title } from '@mantine/core'
import type { LayerValue } from '../../../engine/graph/types.ts'
import classes from './panel.module.css'

/** What a layer takes, or makes. */
export function Values({ title, values }: { title: string; values: readonly LayerValue[] }) {
  const named = values.filter(({ name }) => name !== '')
  if (named.length === 0) return null
  return (
    <section>
      <Title order={3}>{title}</Title>
      <ul className={classes.values}>
        {named.map(({ name, shape, type, isConstant }) => (
          <li key={name}>
            <span className={classes.name}>
              {name}
              {isConstant && <em> stored</em>}
            </span>
            <code>
              {shape} {type}
            </code>
          </li>
        ))}
      </ul>
    </section>
  )
}
