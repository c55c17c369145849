import { ActionIcon, Group, Text, TextInput } from '@mantine/core'
import { useMemo, useState } from 'react'
import { Icon } from '../../parts/icons.tsx'
import { useGraph } from './graph-state.ts'
import { chooseRow } from './use-shared-selection.ts'

/** Finds layers by their name or operator, one after another. */
export function Search() {
  const layers = useGraph((s) => s.tree?.layers)
  const [query, setQuery] = useState('')
  const [at, setAt] = useState(-1)
  const found = useMemo(() => {
    const wanted = query.trim().toLowerCase()
    if (!layers || wanted === '') return []
    // Names as the file has them, and as boxes do: with dots.
    const matches = (text: string) => [text, text.replaceAll('/', '.')].some((t) => t.toLowerCase().includes(wanted))
    return layers.names.flatMap((name, row) => (matches(name) || matches(layers.ops[row]!) ? [row] : []))
  }, [layers, query])

  const go = (step: 1 | -1) => {
    if (found.length === 0) return
    const next = at < 0 ? (step === 1 ? 0 : found.length - 1) : (at + step + found.length) % found.length
    setAt(next)
    void chooseRow(found[next]!)
  }
  const says =
    query === '' ? '' : found.length === 0 ? 'none' : at < 0 ? `${found.length}` : `${at + 1} of ${found.length}`
  return (
    <Group gap={4} wrap="nowrap" role="search">
      <TextInput
        size="xs"
        w={190}
        type="search"
        aria-label="Find a layer by name or operator"
        placeholder="Find a layer"
        value={query}
        onChange={(event) => {
          setQuery(event.currentTarget.value)
          setAt(-1)
        }}
        onKeyDown={(event) => event.key === 'Enter' && go(event.shiftKey ? -1 : 1)}
        rightSectionWidth={62}
        rightSectionPointerEvents="none"
        rightSection={
          <Text size="xs" c="dimmed" component="output" aria-live="polite">
            {says}
          </Text>
        }
      />
      <ActionIcon variant="default" aria-label="Previous match" title="Previous match" onClick={() => go(-1)}>
        <Icon name="up" />
      </ActionIcon>
      <ActionIcon variant="default" aria-label="Next match" title="Next match" onClick={() => go(1)}>
        <Icon name="down" />
      </ActionIcon>
    </Group>
  )
}
