import { ActionIcon, Group, SegmentedControl, Text } from '@mantine/core'
import { useEffect, useMemo, useState } from 'react'
import { type BlockCount, type BlockTable, blockCounts } from '../../engine/blocks.ts'
import { Closed, engine } from '../../engine/client.ts'
import type { Network } from '../../engine/types.ts'
import { countText, type GridColumn } from '../../grid/column.ts'
import { Grid } from '../../grid/grid.tsx'
import { Busy } from '../../parts/busy.tsx'
import { useStore } from '../../store.ts'
import styles from './costs.module.css'

const titles: Readonly<Record<BlockCount, string>> = { macs: 'MACs', params: 'Parameters', accesses: 'Accesses' }

/** The blocks of the network, opened and closed, each with its parts of the whole. */
export function BlocksPanel({ network }: { readonly network: Network }) {
  const [blocks, setBlocks] = useState<BlockTable>()
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set())
  const [depth, setDepth] = useState('1')
  const [chosen, choose] = useState<number>()
  const select = useStore((s) => s.select)
  const fail = useStore((s) => s.fail)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another table of layers has other blocks.
  useEffect(() => {
    let current = true
    const show = (table: BlockTable) => {
      if (!current) return
      setBlocks(table)
      setOpen(openTo(table, 1))
      setDepth('1')
    }
    engine.costs.blocks().then(show, (error) => error instanceof Closed || fail(error))
    return () => {
      current = false
    }
  }, [network.layers, fail])
  const columns = useMemo(
    () =>
      blocks &&
      blockColumns(blocks, network.totals, open, (block) => {
        setOpen((before) => new Set(before.has(block) ? [...before].filter((b) => b !== block) : [...before, block]))
      }),
    [blocks, network, open],
  )
  const rows = useMemo(() => blocks && visibleBlocks(blocks, open), [blocks, open])
  if (!blocks || !columns || !rows) return <Busy m="md" what="Blocks" />
  const deepest = blocks.depths.reduce((a, b) => Math.max(a, b), 1)
  return (
    <>
      <Group gap="xs">
        <Text size="sm" id="block-depth">
          Open to depth
        </Text>
        <SegmentedControl
          size="xs"
          aria-labelledby="block-depth"
          data={Array.from({ length: Math.min(deepest, 5) }, (_, i) => String(i + 1))}
          value={depth}
          onChange={(value) => {
            setDepth(value)
            setOpen(openTo(blocks, Number(value)))
          }}
        />
        {deepest === 1 && <Text size="sm">The names of the layers have no parts that would make blocks.</Text>}
      </Group>
      <Grid
        label="Blocks, and their parts of the whole"
        columns={columns}
        rows={rows}
        selected={chosen}
        onSelect={(block) => {
          choose(block)
          select(block === undefined ? undefined : blocks.first[block])
        }}
        total={`Total of ${countText(network.layers.names.length)} layers`}
      />
    </>
  )
}

/** Blocks above a depth, which are open. */
const openTo = ({ depths, inside }: BlockTable, depth: number): ReadonlySet<number> =>
  new Set([...depths.keys()].filter((i) => depths[i]! < depth && inside[i]! > 0))

/** Those whose blocks around them are all open. */
function visibleBlocks({ names, inside }: BlockTable, open: ReadonlySet<number>): readonly number[] {
  const rows: number[] = []
  for (let i = 0; i < names.length; i += open.has(i) ? 1 : 1 + inside[i]!) rows.push(i)
  return rows
}

function blockColumns(
  blocks: BlockTable,
  totals: Network['totals'],
  open: ReadonlySet<number>,
  toggle: (block: number) => void,
): readonly GridColumn[] {
  return [
    {
      ...{ key: 'name', header: 'Block', width: 220, value: (row) => blocks.names[row]! },
      cell: (row) => <BlockName {...{ blocks, row, toggle }} isOpen={open.has(row)} />,
    },
    { key: 'layers', header: 'Layers', width: 80, numeric: true, value: (row) => blocks.layers[row]! },
    ...blockCounts.flatMap((count): GridColumn[] => {
      const value = (row: number) => blocks.counts[count][row]!
      const mark = (partial: boolean) => (partial ? '≥ ' : '')
      return [
        {
          ...{ key: count, header: titles[count], width: 150, numeric: true, value },
          text: (row) => `${mark(blocks.partial[count][row] === 1)}${countText(value(row))}`,
          total: () => `${mark(totals.partial.includes(count))}${countText(totals[count])}`,
        },
        {
          ...{ key: `${count}Share`, header: `of ${titles[count]} (%)`, width: 150, numeric: true, value },
          barOf: totals[count],
          text: (row) => (totals[count] > 0 ? ((100 * value(row)) / totals[count]).toFixed(1) : '–'),
        },
      ]
    }),
  ]
}

interface BlockNameProps {
  readonly blocks: BlockTable
  readonly row: number
  readonly isOpen: boolean
  toggle(block: number): void
}

/** Indented by its depth, with what opens it. */
function BlockName({ blocks, row, isOpen, toggle }: BlockNameProps) {
  const name = blocks.names[row]!
  return (
    <span className={styles.block} style={{ paddingLeft: 16 * (blocks.depths[row]! - 1) }} title={blocks.paths[row]}>
      {blocks.inside[row]! > 0 ? (
        <ActionIcon
          size={24}
          variant="subtle"
          color="gray"
          aria-expanded={isOpen}
          aria-label={`${isOpen ? 'Close' : 'Open'} ${name}`}
          onClick={(event) => {
            event.stopPropagation()
            toggle(row)
          }}
        >
          <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span>
        </ActionIcon>
      ) : (
        <span className={styles.leaf} />
      )}
      <span>{name}</span>
    </span>
  )
}
