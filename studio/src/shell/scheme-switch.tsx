import { type MantineColorScheme, SegmentedControl, useMantineColorScheme, VisuallyHidden } from '@mantine/core'
import type { ComponentType } from 'react'
import { Half, Moon, Sun } from './icons.tsx'

const schemes: readonly [MantineColorScheme, string, ComponentType][] = [
  ['light', 'Light', Sun],
  ['dark', 'Dark', Moon],
  ['auto', 'As the system', Half],
]

/** Light, dark, or as the system has it. */
export function SchemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <SegmentedControl
      aria-label="Colours"
      size="xs"
      value={colorScheme}
      onChange={setColorScheme}
      data={schemes.map(([value, label, Icon]) => ({
        value,
        label: (
          <span title={label} style={{ display: 'flex' }}>
            <Icon />
            <VisuallyHidden>{label}</VisuallyHidden>
          </span>
        ),
      }))}
    />
  )
}
