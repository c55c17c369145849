import { Text } from '@mantine/core'
import type { SensitivityCurve, SensitivityTold } from '../../engine/sensitivity.ts'
import { percent } from './bearing-field.tsx'
import classes from './prune.module.css'

const [width, height, edge] = [120, 30, 3]

interface CurveProps {
  readonly curve: SensitivityCurve
  readonly quality: SensitivityTold['quality']
  /** Where the slider is. */
  readonly kept: number
}

/** Quality against the channels that stay, from none on the left to all on the right: under the slider, what it may lose is seen. */
export function Curve({ curve: { name, channels, points }, quality, kept }: CurveProps) {
  const x = (channels_: number) => edge + ((width - 2 * edge) * channels_) / channels
  const y = (value: number) => height - edge - (height - 2 * edge) * value
  const here = qualityAt(points, kept)
  const off = (error: number) => (quality === 'agreement' ? ` (outputs off by ${percent(error)})` : '')
  const said = points
    .map((p) => `${p.kept} of ${channels} channels ${percent(p.quality)}${off(p.outputError)}`)
    .join(', ')
  return (
    <div className={classes.curve}>
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`The ${quality} by ${name}: ${said}`}>
        <title>{`The ${quality} where so many channels stay: ${said}`}</title>
        <polyline points={points.map((p) => `${x(p.kept)},${y(p.quality)}`).join(' ')} />
        {points.map((p) => (
          <circle key={p.kept} cx={x(p.kept)} cy={y(p.quality)} r={1.5} />
        ))}
        <circle data-here="" cx={x(Math.max(kept, points.at(-1)!.kept))} cy={y(here)} r={3} />
      </svg>
      <Text size="xs">{percent(here)}</Text>
    </div>
  )
}

/** Between two widths that were measured, on the line between them. */
export function qualityAt(points: SensitivityCurve['points'], kept: number): number {
  const next = points.findIndex((p) => p.kept <= kept)
  if (next < 0) return points.at(-1)!.quality
  const [a, b] = [points[Math.max(0, next - 1)]!, points[next]!]
  if (a.kept === b.kept) return b.quality
  return b.quality + ((a.quality - b.quality) * (kept - b.kept)) / (a.kept - b.kept)
}
