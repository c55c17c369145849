import { Select } from '@mantine/core'
import type { CompareSide } from '../../engine/desks/compare.ts'
import { useStore } from '../../store.ts'
import { useComparing } from './comparing.ts'

const sideOf = (value: string): CompareSide => (value === 'open' || value === 'file' ? value : Number(value))

/** Which of the model's steps are compared. */
export function Sides() {
  const steps = useStore((s) => s.steps)
  const { a, b, table, choose } = useComparing()
  const choices = steps.map(({ title }, i) => ({ value: String(i), label: `${i}: ${title}` }))
  const hasFile = b === 'file' && table !== undefined
  return (
    <>
      <Select
        size="xs"
        w={230}
        aria-label="A"
        data={[{ value: 'open', label: 'A: the open network' }, ...choices]}
        value={String(a)}
        allowDeselect={false}
        onChange={(value) => value && void choose(sideOf(value), b)}
      />
      <Select
        size="xs"
        w={230}
        aria-label="B"
        placeholder="B: a step"
        data={[...(hasFile ? [{ value: 'file', label: 'B: the file' }] : []), ...choices]}
        value={b === 'file' && !hasFile ? null : String(b)}
        allowDeselect={false}
        onChange={(value) => value && void choose(a, sideOf(value))}
      />
    </>
  )
}
