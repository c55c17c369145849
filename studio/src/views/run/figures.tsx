import { Text } from '@mantine/core'
import { shapeText } from 'kerf/report'
import type { OutputSummary } from 'kerf/runtime'

const digits = (value: number | null) => (value === null ? '–' : String(Number(value.toPrecision(5))))

/** A tensor in a line: shape, type, extremes, mean, and what is no number. */
export function Figures({ summary }: { readonly summary: OutputSummary }) {
  const { shape, elementType, min, max, mean, notFinite } = summary
  return (
    <Text size="sm">
      {shapeText(shape)} {elementType} · from {digits(min)} to {digits(max)}, mean {digits(mean)}
      {notFinite > 0 && (
        <Text span c="red">
          {' '}
          · {notFinite.toLocaleString('en')} values are NaN or infinite
        </Text>
      )}
    </Text>
  )
}
