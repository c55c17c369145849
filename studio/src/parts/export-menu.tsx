import { Button, Group, Menu } from '@mantine/core'
import type { FileFormat } from 'kerf/report'
import { useState } from 'react'
import styles from './export-menu.module.css'
import { saveText } from './save.ts'

const formats: readonly { readonly format: FileFormat; readonly title: string; readonly type: string }[] = [
  { format: 'csv', title: 'CSV', type: 'text/csv' },
  { format: 'json', title: 'JSON', type: 'application/json' },
  { format: 'html', title: 'HTML', type: 'text/html' },
  { format: 'md', title: 'Markdown', type: 'text/markdown' },
]

export interface ExportMenuProps {
  /** Of the file, without its ending. */
  readonly name: string
  /** The file of a format. */
  text(format: FileFormat): string | Promise<string>
  /** Those that are offered; by default all. */
  readonly only?: readonly FileFormat[]
}

/** A table as a file, or as text to paste. */
export function ExportMenu({ name, text, only }: ExportMenuProps) {
  const [said, say] = useState('')
  const offered = formats.filter(({ format }) => only?.includes(format) ?? true)
  const attempt = async (work: () => Promise<string>) => {
    try {
      say(await work())
    } catch (error) {
      say((error as Error).message)
    }
  }
  return (
    <Group gap="xs">
      <output aria-live="polite" className={styles.said} data-empty={said === '' || undefined}>
        {said}
      </output>
      <Menu position="bottom-end" shadow="md" onOpen={() => say('')}>
        <Menu.Target>
          <Button variant="default" size="xs">
            Export
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Download</Menu.Label>
          {offered.map(({ format, title, type }) => (
            <Menu.Item
              key={format}
              onClick={() =>
                attempt(async () => {
                  saveText(await text(format), `${name}.${format}`, type)
                  return `${name}.${format} is saved.`
                })
              }
            >
              {title}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Label>Copy</Menu.Label>
          {offered.map(({ format, title }) => (
            <Menu.Item
              key={format}
              onClick={() =>
                attempt(async () => {
                  await navigator.clipboard.writeText(await text(format))
                  return `${title} is copied.`
                })
              }
            >
              {title}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </Group>
  )
}
