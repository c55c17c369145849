import { Text, Title } from '@mantine/core'
import type { WeightStatistics } from '../../../engine/graph/types.ts'
import { Busy } from '../../../parts/busy.tsx'
import classes from './panel.module.css'

const [width, height] = [288, 64]

const short = (value: number): string => (Number.isNaN(value) ? 'none' : String(Number(value.toPrecision(4))))
const whole = new Intl.NumberFormat('en')

/** How the values of stored tensors are spread. */
export function Weights({
  names,
  known,
  missing,
}: {
  readonly names: readonly string[]
  readonly known: readonly WeightStatistics[]
  /** Why values cannot be read. */
  readonly missing: string | undefined
}) {
  if (names.length === 0) return null
  return (
    <section>
      <Title order={3}>Weights</Title>
      {known.map((weights) => (
        <Tensor key={weights.name} weights={weights} />
      ))}
      {missing !== undefined && <Text size="sm">{missing}</Text>}
      {missing === undefined && known.length < names.length && <Busy size="xs" what="Reading weights" />}
    </section>
  )
}

function Tensor({ weights }: { weights: WeightStatistics }) {
  const { name, shape, type, count, least, most, mean, deviation, zeros, nans, bins } = weights
  const highest = bins.reduce((a, b) => Math.max(a, b), 1)
  const step = width / bins.length
  const bars = Array.from(bins, (n, i) => {
    const bar = (n / highest) * height
    return `M${(i * step).toFixed(2)} ${height}v${(-bar).toFixed(2)}h${(step - 0.75).toFixed(2)}v${bar.toFixed(2)}z`
  })
  const text = `${name}: values from ${short(least)} to ${short(most)}, mean ${short(mean)}, standard deviation ${short(deviation)}`
  const facts = [
    ['Mean', short(mean)],
    ['Deviation', short(deviation)],
    ['Zeros', `${whole.format(zeros)} (${((100 * zeros) / count).toFixed(1)} %)`],
    ['Not finite', whole.format(nans)],
  ]
  return (
    <figure className={classes.tensor}>
      <figcaption>
        <span className={classes.name}>{name}</span> <code>{`${shape} ${type}`}</code>
      </figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={text} preserveAspectRatio="none">
        <path d={bars.join('')} />
        <path d={`M0 ${height}H${width}`} className={classes.axis} />
      </svg>
      <div className={classes.range} aria-hidden="true">
        <span>{short(least)}</span>
        <span>{short(most)}</span>
      </div>
      <dl>
        {facts.map(([title, value]) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </figure>
  )
}
