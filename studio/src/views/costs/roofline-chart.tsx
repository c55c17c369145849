import { useElementSize } from '@mantine/hooks'
import { human } from 'kerf/report'
import { type PointerEvent, useMemo } from 'react'
import type { MachineLimits } from '../../engine/times.ts'
import styles from './roofline.module.css'
import { logAxis, type RooflinePoint } from './roofline.ts'

export interface RooflineChartProps {
  readonly points: readonly RooflinePoint[]
  readonly limits: MachineLimits
  readonly selected: number | undefined
  onSelect(row: number): void
}

const height = 300
const margin = { left: 62, right: 16, top: 14, bottom: 42 }
/** So far from a point a click still means it, in pixels. */
const reach = 24

/** The rate of a point: measured, or what is possible. */
const rateOf = (point: RooflinePoint): number =>
  Number.isNaN(point.timeMs) ? point.bound : (point.bound * point.boundMs) / point.timeMs

/** Layers below the roof of this machine. The table beside it has the same numbers. */
export function RooflineChart({ points, limits, selected, onSelect }: RooflineChartProps) {
  const { ref, width } = useElementSize()
  const { macsPerSecond, bytesPerSecond } = limits
  const ridge = macsPerSecond / bytesPerSecond
  const { x, y } = useMemo(
    () => ({
      x: logAxis([...points.map((p) => p.intensity), ridge / 4, ridge * 4]),
      y: logAxis([...points.map(rateOf), macsPerSecond]),
    }),
    [points, ridge, macsPerSecond],
  )
  const [w, h] = [Math.max(1, width - margin.left - margin.right), height - margin.top - margin.bottom]
  const left = (intensity: number) => margin.left + x.place(intensity) * w
  const top = (rate: number) => margin.top + (1 - y.place(rate)) * h
  const bottom = margin.top + h
  // Dots are strokes without length: thousands of them are one element.
  const dots = (some: readonly RooflinePoint[]) =>
    some.map((p) => `M${left(p.intensity).toFixed(1)} ${top(rateOf(p)).toFixed(1)}h0`).join('')
  const measured = points.filter((p) => !Number.isNaN(p.timeMs))
  const possible = points.filter((p) => Number.isNaN(p.timeMs))
  const chosen = points.find((p) => p.row === selected)
  const start = Math.max(x.low, y.low / bytesPerSecond)
  const choose = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    const [px, py] = [event.clientX - box.left, event.clientY - box.top]
    const distance = (p: RooflinePoint) => Math.hypot(left(p.intensity) - px, top(rateOf(p)) - py)
    const nearest = points.reduce<RooflinePoint | undefined>(
      (a, p) => (a && distance(a) <= distance(p) ? a : p),
      undefined,
    )
    if (nearest && distance(nearest) <= reach) onSelect(nearest.row)
  }
  return (
    <div ref={ref} className={styles.chart}>
      <svg
        width={width}
        height={height}
        role="img"
        aria-label={`Roofline: ${points.length} layers below ${human(macsPerSecond)} MACs and ${human(bytesPerSecond, 'B')} per second`}
        onPointerDown={choose}
      >
        {y.ticks.map((tick) => (
          <g key={tick}>
            <line className={styles.line} x1={margin.left} x2={margin.left + w} y1={top(tick)} y2={top(tick)} />
            <text x={margin.left - 8} y={top(tick) + 4} textAnchor="end">
              {tick / 1e9}
            </text>
          </g>
        ))}
        {x.ticks.map((tick) => (
          <g key={tick}>
            <line className={styles.line} x1={left(tick)} x2={left(tick)} y1={margin.top} y2={bottom} />
            <text x={left(tick)} y={bottom + 16} textAnchor="middle">
              {tick}
            </text>
          </g>
        ))}
        <text x={margin.left + w / 2} y={height - 6} textAnchor="middle">
          MACs per byte
        </text>
        <text transform={`translate(14 ${margin.top + h / 2}) rotate(-90)`} textAnchor="middle">
          GMAC/s
        </text>
        <path
          className={styles.roof}
          d={`M${left(start)} ${top(start * bytesPerSecond)}L${left(ridge)} ${top(macsPerSecond)}H${margin.left + w}`}
        />
        <path className={styles.possible} d={dots(possible)} />
        <path className={styles.measured} d={dots(measured)} />
        {chosen && <circle className={styles.chosen} cx={left(chosen.intensity)} cy={top(rateOf(chosen))} r={8} />}
      </svg>
    </div>
  )
}
