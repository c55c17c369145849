import { Select } from '@mantine/core'
import type { CompareSide } from '../../engine/desks/compare.ts'
import { useStore } from '../../store.ts'
import styles from './compare.module.css'
import { useComparing } from './comparing.ts'

const sideOf = (value: string): CompareSide => (value === 'open' || value === 'file' ? value : Number(value))

/** Which of the model's steps are compared. */
export function Sides() {
  const steps = useStore((s) => s.steps)
  const { a, b, table, choose } = useComparing()
  const choices = steps.map(({ title }, i) => ({ value: String(i), label: `${i}: ${title}` }))
  const hasFile = b === 'file' && table !== undefined
  return (['a', 'b'] as const).map((side) => {
    const name = side.toUpperCase()
    const chosen = side === 'a' ? a : b
    const data = [
      { value: 'open', label: `${name}: the open network` },
      ...(side === 'b' && hasFile ? [{ value: 'file', label: 'B: the file' }] : []),
      ...choices,
    ]
    return (
      <Select
        key={side}
        size="xs"
        className={styles.side}
        aria-label={name}
        data={data}
        value={chosen === 'file' && !hasFile ? null : String(chosen)}
        // Titles of steps are longer than there is room for.
        title={data.find(({ value }) => value === String(chosen))?.label}
        comboboxProps={{ width: 'max-content', position: 'bottom-start' }}
        allowDeselect={false}
        onChange={(value) => value && choose({ [side]: sideOf(value) })}
      />
    )
  })
}
