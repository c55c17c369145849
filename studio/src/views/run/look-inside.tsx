import { Autocomplete, Checkbox, Group, NumberInput, Paper, SegmentedControl, Stack, Text, Title } from '@mantine/core'
import { useEffect, useState } from 'react'
import { engine } from '../../engine/client.ts'
import type { MapKind } from '../../engine/maps.ts'
import type { LookedAt, RunResult, ValueNames } from '../../engine/run-types.ts'
import { useStore } from '../../store.ts'
import { Figures } from './figures.tsx'
import { MapsCanvas } from './maps-canvas.tsx'

const kindTitles: Readonly<Record<MapKind, string>> = {
  maps: 'Channels',
  picture: 'Picture',
  largest: 'Largest channel',
}

/** Maps at once. */
const most = 64

/** Any value of the last run, channel by channel. */
export function LookInside({ result }: { readonly result: RunResult }) {
  const network = useStore((s) => s.network)
  const selected = useStore((s) => s.selected)
  const select = useStore((s) => s.select)
  const [values, setValues] = useState<ValueNames>()
  const [text, setText] = useState(result.outputs[0]?.name ?? '')
  const [kind, setKind] = useState<MapKind>('maps')
  const [first, setFirst] = useState(0)
  const [each, setEach] = useState(true)
  const [found, setFound] = useState<LookedAt>()
  const [problem, setProblem] = useState<string>()
  useEffect(() => {
    if (network) void engine.run.values().then(setValues)
  }, [network])
  // The layer that is chosen elsewhere in the page.
  useEffect(() => {
    const at = selected === undefined ? -1 : (values?.rows.indexOf(selected) ?? -1)
    if (at >= 0) setText(values!.names[at]!)
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
    setText(next)
    setFirst(0)
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
              onChange={(next) => setKind(next as MapKind)}
            />
          )}
          {found && found.channels > most && (
            <NumberInput
              label="First channel"
              min={0}
              max={found.channels - 1}
              step={most}
              value={first}
              onChange={(next) => setFirst(Math.min(found.channels - 1, Math.max(0, Number(next) || 0)))}
              w={130}
            />
          )}
          <Checkbox
            label="Colours of its own for each channel"
            checked={each}
            onChange={(e) => setEach(e.currentTarget.checked)}
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
