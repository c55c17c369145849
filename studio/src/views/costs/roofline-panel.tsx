import { Button, Group, Text } from '@mantine/core'
import { human } from 'kerf/report'
import { useMemo } from 'react'
import type { MachineLimits } from '../../engine/times.ts'
import type { Network } from '../../engine/types.ts'
import { countText, type GridColumn } from '../../grid/column.ts'
import { Grid } from '../../grid/grid.tsx'
import { useTable } from '../../grid/use-table.ts'
import { useStore } from '../../store.ts'
import { useMeasuring } from '../measure/measuring.ts'
import { msText } from '../measure/part-columns.ts'
import styles from './roofline.module.css'
import { type RooflinePoint, rooflinePoints } from './roofline.ts'
import { RooflineChart } from './roofline-chart.tsx'

/** What bounds the time of each layer on this machine: arithmetic, or memory. */
export function RooflinePanel({ network }: { readonly network: Network }) {
  const { limits, progress, error, wish, measureLimits, stop } = useMeasuring()
  return (
    <>
      <Group gap="sm">
        {progress ? (
          <Button size="xs" variant="default" onClick={stop}>
            Stop
          </Button>
        ) : (
          <Button size="xs" variant={limits ? 'default' : 'filled'} onClick={() => void measureLimits()}>
            {limits ? 'Measure the limits again' : 'Measure the limits of this machine'}
          </Button>
        )}
        <Text size="xs" role={progress && 'status'} className={styles.legend}>
          {progress ? `${progress.what} …` : ((limits && limitsText(limits)) ?? aboutLimits(wish.threads))}
        </Text>
      </Group>
      {error !== undefined && (
        <Text role="alert" size="sm" c="var(--kerf-error)">
          {error}
        </Text>
      )}
      {limits && <Roofline network={network} limits={limits} />}
    </>
  )
}

const aboutLimits = (threads: number): string =>
  `Takes about two seconds, on ${threads === 1 ? 'one thread' : `${threads} threads`}: a convolution in the cache, and a sum of tensors that no cache holds, by Kerf's own kernels in this browser.`

const limitsText = ({ threads, macsPerSecond, bytesPerSecond }: MachineLimits): string =>
  `${(macsPerSecond / 1e9).toFixed(1)} GMAC/s, ${(bytesPerSecond / 1e9).toFixed(1)} GB/s on ${threads === 1 ? 'one thread' : `${threads} threads`}.`

function Roofline({ network, limits }: { readonly network: Network; readonly limits: MachineLimits }) {
  const { layers } = network
  const measured = useStore((s) => s.measured)
  const selected = useStore((s) => s.selected)
  const select = useStore((s) => s.select)
  const points = useMemo(() => rooflinePoints(layers, limits, measured), [layers, limits, measured])
  const columns = useMemo(() => pointColumns(points, layers.labels), [points, layers])
  const { grid } = useTable('roofline table', columns, points.length)
  const least = points.reduce((sum, p) => sum + p.boundMs, 0)
  const ofMemory = points.reduce((sum, p) => sum + (p.isMemoryBound ? p.boundMs : 0), 0)
  const at = points.findIndex((p) => p.row === selected)
  return (
    <>
      <RooflineChart points={points} limits={limits} selected={selected} onSelect={select} />
      <p className={styles.legend}>
        Layers with MACs take at least {msText(least)} ms, {((100 * ofMemory) / (least || 1)).toFixed(0)} % of it bound
        by memory.
        {measured
          ? ' Orange: measured. Grey: not measured by itself, where the limits let it be.'
          : ' Grey: where the limits let each layer be; “Measure” shows where it is.'}{' '}
        Above the roof: Winograd's products, which are fewer, or numbers that stay in the cache.
      </p>
      <Grid
        label="Layers and what bounds them"
        {...grid}
        selected={at < 0 ? undefined : at}
        onSelect={(point) => select(point === undefined ? undefined : points[point]!.row)}
        total={`Total of ${countText(points.length)} layers`}
      />
    </>
  )
}

function pointColumns(points: readonly RooflinePoint[], labels: readonly string[]): readonly GridColumn[] {
  const number = (
    key: string,
    header: string,
    width: number,
    of: (p: RooflinePoint) => number,
    text: (v: number) => string,
  ) => ({
    ...{ key, header, width, numeric: true },
    value: (row: number) => of(points[row]!),
    text: (row: number) => text(of(points[row]!)),
  })
  const sum = (of: (p: RooflinePoint) => number) => (rows: readonly number[]) =>
    msText(rows.reduce((s, row) => s + (of(points[row]!) || 0), 0))
  return [
    { key: 'name', header: 'Layer', width: 220, value: (row) => labels[points[row]!.row]! },
    number('intensity', 'MACs/byte', 110, (p) => p.intensity, human),
    {
      key: 'bound',
      header: 'Bound by',
      width: 110,
      value: (row) => (points[row]!.isMemoryBound ? 'memory' : 'arithmetic'),
    },
    { ...number('boundMs', 'At least (ms)', 130, (p) => p.boundMs, msText), total: sum((p) => p.boundMs) },
    { ...number('timeMs', 'Measured (ms)', 130, (p) => p.timeMs, msText), total: sum((p) => p.timeMs) },
    number(
      'part',
      'Of the bound (%)',
      150,
      (p) => (100 * p.boundMs) / p.timeMs,
      (v) => (Number.isNaN(v) ? '–' : v.toFixed(0)),
    ),
  ]
}
