import { Button, FileButton, Group, Switch, Text } from '@mantine/core'
import { lazy, Suspense, useEffect, useMemo, useState } from 'react'
import { engine } from '../../engine/client.ts'
import type { ComparisonTable } from '../../engine/compare.ts'
import { countText } from '../../grid/column.ts'
import { ColumnPicker } from '../../grid/column-picker.tsx'
import { Grid } from '../../grid/grid.tsx'
import { useTable } from '../../grid/use-table.ts'
import { Busy } from '../../parts/busy.tsx'
import { ExportMenu } from '../../parts/export-menu.tsx'
import { stemOf } from '../../parts/save.ts'
import { useKept } from '../../session-settings.ts'
import { choose } from '../../shell/choose.ts'
import { useStore } from '../../store.ts'
import styles from './compare.module.css'
import { compareColumns } from './compare-columns.ts'
import { useComparing } from './comparing.ts'
import { Sides } from './sides.tsx'
import { TotalsTable } from './totals-table.tsx'

const DifferenceGraph = lazy(() => import('./difference-graph.tsx'))

/** Two networks side by side: the open one, what it was and became, another file. */
export default function CompareView() {
  const network = useStore((s) => s.network)
  const { table, isReading, isWeighing, error, open, compare } = useComparing()
  // Networks that became others, or are counted otherwise, are compared anew.
  useEffect(() => {
    if (network && network.problem === undefined) void compare()
  }, [network, compare])
  const hasSteps = useStore((s) => s.steps.length > 1)
  const [problem, setProblem] = useState<string>()
  if (!network) return null
  const pick = (files: File[]) => {
    if (files.length === 0) return
    const choice = choose(files.map((file) => ({ path: file.name, file })))
    const several = 'There are several models among these files. Pick one, with its external data.'
    setProblem(choice.is === 'model' ? undefined : choice.is === 'several' ? several : choice.why)
    if (choice.is === 'model') void open(choice.source)
  }
  const said = problem ?? error
  return (
    <section className={styles.view} aria-label="Compare">
      <Group gap="sm">
        <FileButton multiple onChange={pick}>
          {(props) => (
            <Button
              size="xs"
              variant={table ? 'default' : 'filled'}
              disabled={network.problem !== undefined}
              {...props}
            >
              {table ? 'Compare with another file' : 'Compare with a file'}
            </Button>
          )}
        </FileButton>
        {hasSteps && <Sides />}
        {isReading && <Busy size="xs" what="Reading the other model" />}
        {isWeighing && <Busy size="xs" what="Comparing weights" />}
      </Group>
      {said !== undefined && (
        <Text role="alert" size="sm" className={styles.problem}>
          {said}
        </Text>
      )}
      {!table && !hasSteps && (
        <Text size="sm" maw="65ch">
          There is one network so far, {network.name}. Compare it with a file, or prune, swap, quantise or train it:
          then what it was stands beside what it became. Layers are matched by name, else by what they are.
        </Text>
      )}
      {table && <Compared table={table} />}
    </section>
  )
}

const isBoolean = (value: unknown) => (typeof value === 'boolean' ? value : undefined)

function Compared({ table }: { readonly table: ComparisonTable }) {
  const { labels, rows: rowsOfA, differs, shapes, parts } = table
  const { a, b } = useComparing()
  const selected = useStore((s) => s.selected)
  const select = useStore((s) => s.select)
  const columns = useMemo(() => compareColumns(table), [table])
  const [onlyDifferences, setOnlyDifferences] = useKept('compare filter', true, isBoolean)
  /** Layers that only B has are no rows of A's table. */
  const [ofB, setOfB] = useState<number>()
  // As the table has it, which comes later than another choice.
  const areSame = a !== 'file' && b !== 'file' && table.names.a === table.names.b
  // Of one network nothing differs: its layers stay where they are.
  const keep = useMemo(
    () => (onlyDifferences && !areSame ? (row: number) => differs[row] === 1 : undefined),
    [onlyDifferences, areSame, differs],
  )
  const { grid, picker } = useTable('compare table', columns, labels.length, keep)
  const different = differs.reduce((sum, one) => sum + one, 0)
  const mark = (row: number) =>
    shapes.a[row] === ''
      ? 'only in B'
      : shapes.b[row] === ''
        ? 'only in A'
        : parts[row] || (differs[row] ? '' : undefined)
  return (
    <>
      <TotalsTable {...table} />
      {(['a', 'b'] as const).map(
        (side) =>
          table.notCounted[side].length > 0 && (
            <Text key={side} size="sm">
              Not counted in {side.toUpperCase()}, or not in full: {table.notCounted[side].length} nodes.
            </Text>
          ),
      )}
      <Group gap="sm" justify="space-between">
        <Group gap="sm">
          <Switch
            size="sm"
            label="Only differences"
            checked={onlyDifferences}
            onChange={(event) => setOnlyDifferences(event.currentTarget.checked)}
          />
          <ColumnPicker {...picker} />
        </Group>
        <ExportMenu
          name={`${stemOf(table.models.a)}-${stemOf(table.models.b)}`}
          text={(format) => engine.compare.file(format)}
        />
      </Group>
      <div className={styles.panel}>
        <Grid
          label="Layers of both"
          {...grid}
          selected={ofB ?? (selected === undefined ? undefined : rowsOfA.indexOf(selected))}
          onSelect={(row) => {
            const own = row === undefined ? -1 : rowsOfA[row]!
            setOfB(own < 0 ? row : undefined)
            select(own < 0 ? undefined : own)
          }}
          marked={mark}
          total={`${countText(different)} of ${countText(labels.length)} layers differ`}
        />
        <Text size="sm" mih={{ base: '2lh', sm: '1lh' }}>
          {areSame
            ? 'A and B are the same network. Choose another step for one of them.'
            : 'Layers are matched by name, else by what they are.'}
        </Text>
      </div>
      <Suspense fallback={<Busy size="xs" what="Drawing both" />}>
        <DifferenceGraph table={table} />
      </Suspense>
    </>
  )
}
