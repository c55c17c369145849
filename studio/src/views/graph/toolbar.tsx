import { ActionIcon, Group, NativeSelect, useComputedColorScheme } from '@mantine/core'
import { Icon } from '../../parts/icons.tsx'
import { useStore } from '../../store.ts'
import { palettes } from './canvas/palette.ts'
import type { Stage } from './canvas/stage.ts'
import { type ColourName, colourings } from './colourings.ts'
import classes from './graph.module.css'
import { useGraph } from './graph-state.ts'
import { savePng, saveSvg } from './save-picture.ts'
import { Search } from './search.tsx'

/** What can be done to the picture. */
export function Toolbar({
  stage,
  hasTree,
  toggleTree,
}: {
  readonly stage: Stage | undefined
  readonly hasTree: boolean
  readonly toggleTree: () => void
}) {
  const { colour, setColour, show } = useGraph()
  const name = useStore((s) => s.network?.name ?? '').replace(/\.onnx$/, '')
  const palette = palettes[useComputedColorScheme('light')]
  const button = (label: string, icon: Parameters<typeof Icon>[0]['name'], onClick: () => void, text?: string) => (
    <ActionIcon
      variant="default"
      size="md"
      w={text === undefined ? undefined : 58}
      aria-label={label}
      title={label}
      onClick={onClick}
    >
      <Icon name={icon} />
      {text !== undefined && <span className={classes.small}>{text}</span>}
    </ActionIcon>
  )
  return (
    <div className={classes.bar} role="toolbar" aria-label="Graph">
      <ActionIcon
        variant={hasTree ? 'filled' : 'default'}
        size="md"
        aria-label="List of blocks"
        title="List of blocks"
        aria-pressed={hasTree}
        onClick={toggleTree}
      >
        <Icon name="tree" />
      </ActionIcon>
      <NativeSelect
        size="xs"
        aria-label="Colour boxes by"
        value={colour}
        onChange={(event) => setColour(event.currentTarget.value as ColourName)}
        data={colourings.map(({ name, title }) => ({ value: name, label: `Colour: ${title}` }))}
      />
      <Search />
      <Group gap={4} wrap="nowrap">
        {button('Open all blocks', 'openAll', () => void show({ all: true }))}
        {button('Close all blocks', 'closeAll', () => void show({ opened: [] }))}
      </Group>
      <Group gap={4} wrap="nowrap">
        {button('Zoom out', 'minus', () => stage?.zoom(0.8))}
        {button('Show everything', 'fit', () => stage?.fit())}
        {button('Zoom in', 'plus', () => stage?.zoom(1.25))}
      </Group>
      <Group gap={4} wrap="nowrap">
        {button('Save as SVG', 'save', () => void saveSvg(name), 'SVG')}
        {button('Save as PNG', 'save', () => stage?.scene && void savePng(name, stage.scene, palette), 'PNG')}
      </Group>
    </div>
  )
}
