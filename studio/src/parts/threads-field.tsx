import { NumberInput, type NumberInputProps } from '@mantine/core'
import { mostThreads } from '../threads.ts'

export interface ThreadsFieldProps extends Pick<NumberInputProps, 'size' | 'w'> {
  readonly value: number
  readonly disabled: boolean
  onChange(threads: number): void
}

/** On how many threads something runs; as many as this browser lets a page have. */
export function ThreadsField({ disabled, onChange, ...field }: ThreadsFieldProps) {
  const most = mostThreads()
  return (
    <NumberInput
      label="Threads"
      min={1}
      max={most}
      clampBehavior="strict"
      allowDecimal={false}
      disabled={disabled || most === 1}
      onChange={(threads) => typeof threads === 'number' && threads >= 1 && onChange(threads)}
      {...field}
    />
  )
}
