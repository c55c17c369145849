import { Button, Checkbox, Popover, Stack } from '@mantine/core'
import type { GridColumn } from './column.ts'

export interface ColumnPickerProps {
  readonly columns: readonly GridColumn[]
  /** Keys of those that are shown. */
  readonly shown: ReadonlySet<string>
  onChange(shown: ReadonlySet<string>): void
}

/** Which columns are shown; the first always is. */
export function ColumnPicker({ columns, shown, onChange }: ColumnPickerProps) {
  const toggle = (key: string, on: boolean) => {
    const next = new Set(shown)
    if (on) next.add(key)
    else next.delete(key)
    onChange(next)
  }
  return (
    <Popover position="bottom-end" trapFocus shadow="md">
      <Popover.Target>
        <Button variant="default" size="xs">
          Columns
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs" mah="60dvh" style={{ overflowY: 'auto' }}>
          {columns.slice(1).map(({ key, header, description }) => (
            <Checkbox
              key={key}
              size="xs"
              label={description ?? header}
              checked={shown.has(key)}
              onChange={(event) => toggle(key, event.currentTarget.checked)}
            />
          ))}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}

/** Those that are shown until somebody chooses. */
export const shownAtFirst = (columns: readonly GridColumn[]): ReadonlySet<string> =>
  new Set(columns.filter((c) => !c.detail).map((c) => c.key))
