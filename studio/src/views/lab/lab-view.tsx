import { SegmentedControl } from '@mantine/core'
import { useState } from 'react'
import { Experiments } from './experiments.tsx'
import { Formulas } from './formulas.tsx'

/** Claims put to the test, and formulas of what convolutions cost. It needs no model. */
export default function LabView() {
  const [part, setPart] = useState('experiments')
  return (
    <>
      <SegmentedControl
        m="md"
        mb={0}
        aria-label="Part of the lab"
        data={[
          { value: 'experiments', label: 'Experiments' },
          { value: 'formulas', label: 'Formulas' },
        ]}
        value={part}
        onChange={setPart}
      />
      {part === 'experiments' ? <Experiments /> : <Formulas />}
    </>
  )
}
