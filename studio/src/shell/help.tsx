import { Kbd, Modal, Table, Text, Title } from '@mantine/core'
import { Fragment, useEffect, useState } from 'react'
import { views } from '../views/views.ts'
import { keysOfShell } from './keys.ts'

/** All keys, of the page and of its views. */
export default function Help({ onClose }: { onClose(): void }) {
  // What had the focus gets it back: the dialog itself, made open, does not know.
  const [before] = useState(() => document.activeElement)
  useEffect(() => () => (before as HTMLElement | null)?.focus({ preventScroll: true }), [before])
  const parts = [
    { title: 'Everywhere', keys: keysOfShell },
    ...views.flatMap(({ title, keys }) => (keys ? [{ title, keys }] : [])),
  ]
  return (
    <Modal opened onClose={onClose} title="Keys" size="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
      {parts.map(({ title, keys }) => (
        <Fragment key={title}>
          <Title order={3} size="h6" mt="sm">
            {title}
          </Title>
          <Table withRowBorders={false} verticalSpacing={4}>
            <Table.Tbody>
              {keys.map(([pressed, does]) => (
                <Table.Tr key={pressed}>
                  <Table.Td w="40%">
                    <Pressed keys={pressed} />
                  </Table.Td>
                  <Table.Td>{does}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Fragment>
      ))}
      <Text size="sm" mt="md" c="dimmed">
        Tab leads through everything, arrows through tabs and menus.
      </Text>
    </Modal>
  )
}

/** `Ctrl + O`, each key by itself; alternatives with `or`. */
function Pressed({ keys }: { keys: string }) {
  return keys.split(' ').map((part, i) =>
    part === '+' || part === 'or' || part === '…' ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: parts never move
      <span key={i}> {part} </span>
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: parts never move
      <Kbd key={i}>{part}</Kbd>
    ),
  )
}
