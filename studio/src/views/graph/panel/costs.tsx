import { Text, Title } from '@mantine/core'
import type { LayerDetails } from '../../../engine/graph/types.ts'
import classes from './panel.module.css'

const titles = {
  macs: 'MACs',
  muls: 'Multiplications',
  adds: 'Additions',
  others: 'Other operations',
  params: 'Parameters',
  reads: 'Elements read',
  writes: 'Elements written',
} as const

const whole = new Intl.NumberFormat('en')

/** Every count with its formula, and the formula with the layer's sizes. */
export function Costs({ details: { formulas, notCounted } }: { details: LayerDetails }) {
  return (
    <section>
      <Title order={3}>Costs</Title>
      {formulas.map(({ count, formula, numbers, value }, i) => (
        <div key={count} className={classes.cost} data-count={count}>
          <span>{titles[count]}</span>
          <strong>{whole.format(value)}</strong>
          {formula !== undefined && formula !== '' && (
            <p className={classes.formula}>
              {i > 0 && numbers === formulas[0]!.numbers ? (
                <span>= {titles[formulas[0]!.count]}</span>
              ) : (
                <>
                  <span>= {formula}</span>
                  {numbers !== String(value) && <span>= {numbers}</span>}
                </>
              )}
            </p>
          )}
        </div>
      ))}
      {formulas.length === 0 && notCounted === undefined && <Text size="sm">Costs nothing: a view of its input.</Text>}
      {notCounted !== undefined && <Text size="sm">Not counted: {notCounted}</Text>}
    </section>
  )
}
