import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import styles from './line-plot.module.css'

export interface LinePlotProps {
  /** What it shows, for those who do not see it. */
  readonly label: string
  readonly xLabel: string
  /** Whether only whole numbers are written along it. */
  readonly wholeX?: boolean
  readonly x: readonly number[]
  readonly lines: readonly { readonly name: string; readonly values: readonly number[] }[]
}

const height = 180
/** 1, 2, 5, 10 … */
const wholeSteps = Array.from({ length: 7 }, (_, i) => [1, 2, 5].map((step) => step * 10 ** i)).flat()
/** Of Okabe and Ito, which all eyes tell apart, on light and on dark. */
const colours = ['#56b4e9', '#e69f00', '#009e73', '#cc79a7']

/** Lines that grow while something goes on. Loaded when the first one is drawn. */
export default function LinePlot({ label, xLabel, wholeX = false, x, lines }: LinePlotProps) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const names = lines.map(({ name }) => name).join('\n')
  useEffect(() => {
    const element = place.current!
    const { color } = getComputedStyle(element)
    const axis = { stroke: color, grid: { stroke: `color-mix(in srgb, ${color} 20%, transparent)` } }
    const made = new uPlot(
      {
        ...{ width: element.clientWidth, height },
        scales: { x: { time: false } },
        axes: [
          { ...axis, label: xLabel, labelSize: 20, ...(wholeX && { incrs: wholeSteps }) },
          { ...axis, size: 60 },
        ],
        series: [
          { label: xLabel },
          ...names.split('\n').map((name, i) => ({ label: name, stroke: colours[i], width: 1.5 })),
        ],
      },
      [[], ...names.split('\n').map(() => [])],
      element,
    )
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
    }
  }, [xLabel, wholeX, names])
  useEffect(() => {
    plot.current?.setData([x as number[], ...lines.map(({ values }) => values as number[])])
  }, [x, lines])
  const last = lines.map(({ name, values }) => `${name} ${values.at(-1)?.toPrecision(3)}`).join(', ')
  return <div ref={place} role="img" aria-label={`${label}: ${last}`} className={styles.plot} />
}
