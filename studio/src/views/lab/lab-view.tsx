import { SegmentedControl } from '@mantine/core'
import { useKept } from '../../session-settings.ts'
import { Experiments } from './experiments.tsx'
import { Formulas } from './formulas.tsx'

const parts = [
  { value: 'experiments', label: 'Experiments' },
  { value: 'formulas', label: 'Formulas' },
] as const

const partOf = (value: unknown) => parts.find((part) => part.value === value)?.value

/** Claims put to the test, and formulas of what convolutions cost. It needs no model. */
export default function LabView() {
  const [part, setPart] = useKept<string>('lab part', 'experiments', partOf)
  return (
    <>
      <SegmentedControl m="md" mb={0} aria-label="Part of the lab" data={[...parts]} value={part} onChange={setPart} />
      {part === 'experiments' ? <Experiments /> : <Formulas />}
    </>
  )
}
