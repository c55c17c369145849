import { Autocomplete, Checkbox, Group, NumberInput, Paper, SegmentedControl, Stack, Text, Title } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { engine } from '../../engine/client.ts'
import type { MapKind } from '../../engine/maps.ts'
import type { LookedAt, RunResult, ValueNames } from '../../engine/run-types.ts'
import { lookWish, readerOf } from '../../engine/session/wishes.ts'
import { useKept } from '../../session-settings.ts'
import { useStore } from '../../store.ts'
import { Figures } from './figures.tsx'
import { MapsCanvas } from './maps-canvas.tsx'

const kindTitles: Readonly<Record<MapKind, string>> = {
  maps: 'Channels',
  picture: 'Picture',
  largest: 'Largest channel',
}

const asFirst: { name?: string; kind: MapKind; first: number; each: boolean } = { kind: 'maps', first: 0, each: true }
const readLook = readerOf(lookWish)

/** Maps at once. */
const most = 64

/** Any value of the last run, channel by channel. */
export function LookInside({ result }: { readonly result: RunResult }) {
  const network = useStore((s) => s.network)
  const selected = useStore((s) => s.selected)
  const select = useStore((s) => s.select)
  const [values, setValues] = useState<ValueNames>()
  const [wish, setWish] = useKept('run look', asFirst, readLook)
  const { kind, first, each } = wish
  const text = wish.name ?? result.outputs[0]?.name ?? ''
  const [found, setFound] = useState<LookedAt>()
  const [problem, setProblem] = useState<string>()
  useEffect(() => {
    if (network) void engine.run.values().then(setValues)
  }, [network])
  /** The layer that was followed last. */
  const followed = useRef<number>(undefined)
  // The layer that is chosen elsewhere in the page.
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is looked at does not choose itself
  useEffect(() => {
    const at = selected === undefined ? -1 : (values?.rows.indexOf(selected) ?? -1)
    if (at >= 0 && selected !== followed.current) setWish({ ...wish, name: values!.names[at]!, first: 0 })
    if (values) followed.current = selected
  }, [selected, values])
  const name = values?.names.includes(text) ? text : undefined
  // biome-ignore lint/correctness/useExhaustiveDependencies: another run gives other values
  useEffect(() => {
    if (name === undefined) return undefined
    let isOld = false
    engine.run.look(name, { kind, first, most, each }).then(
      (maps) => {
        if (isOld) return
        setFound(maps)
        setProblem(maps ? undefined : 'This value is too large to be drawn, or has no elements.')
      },
      (error: Error) => {
        if (!isOld) setProblem(error.message)
      },
    )
    return () => {
      isOld = true
    }
  }, [name, kind, first, each, result])
  const choose = (next: string) => {
    setWish({ ...wish, name: next, first: 0 })
    const at = values?.names.indexOf(next) ?? -1
    if (at >= 0 && values!.rows[at]! >= 0) select(values!.rows[at])
  }
  return (
    <Paper withBorder p="md" component="section">
      <Stack gap="sm">
        <Title order={2} size="h5">
          Look inside
        </Title>
        <Group gap="sm" align="end">
          <Autocomplete
            label="Value"
            description="A tensor of the network, by its name"
            data={[...new Set(values?.names)]}
            value={text}
            onChange={choose}
            limit={40}
            style={{ flex: '1 1 18rem' }}
          />
          {found && found.kinds.length > 1 && (
            <SegmentedControl
              aria-label="How it is looked at"
              data={found.kinds.map((k) => ({ value: k, label: kindTitles[k] }))}
              value={found.kinds.includes(kind) ? kind : found.kinds[0]!}
              onChange={(next) => setWish({ ...wish, kind: next as MapKind })}
            />
          )}
          {found && found.channels > most && (
            <NumberInput
              label="First channel"
              min={0}
              max={found.channels - 1}
              step={most}
              value={first}
              onChange={(next) =>
                setWish({ ...wish, first: Math.min(found.channels - 1, Math.max(0, Math.trunc(Number(next)) || 0)) })
              }
              w={130}
            />
          )}
          <Checkbox
            label="Colours of its own for each channel"
            checked={each}
            onChange={(e) => setWish({ ...wish, each: e.currentTarget.checked })}
          />
        </Group>
        {text !== '' && values && name === undefined && <Text c="dimmed">No value has this name.</Text>}
        {problem !== undefined && <Text c="red">{problem}</Text>}
        {found && name !== undefined && problem === undefined && (
          <>
            <Figures summary={found.summary} />
            <MapsCanvas maps={found} name={name} first={first} />
          </>
        )}
      </Stack>
    </Paper>
  )
}
