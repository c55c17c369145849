import { Fieldset, SegmentedControl, Select, Slider, Stack, Text } from '@mantine/core'
import type { Allocation } from 'kerf/prune'
import type { ChannelKind, CriterionChoice, PruneAmount, PruneWish } from '../../engine/prune-types.ts'
import { msText } from '../../parts/before-after.tsx'
import { SearchableSelect } from '../../parts/searchable-select.tsx'
import { useTiming } from './timing.ts'
import { amountNames, type Pruning } from './use-pruning.ts'

const amounts: readonly { readonly value: PruneAmount['of']; readonly label: string }[] = [
  { value: 'macs', label: 'MACs' },
  { value: 'params', label: 'Parameters' },
  { value: 'ratio', label: 'Channels' },
  { value: 'milliseconds', label: 'Time' },
]

const kinds: readonly { readonly value: string; readonly label: string }[] = [
  { value: 'filter', label: 'Filters' },
  { value: 'neuron', label: 'Neurons' },
  { value: 'filter,neuron', label: 'Both' },
]

const allocations: readonly { readonly value: Allocation; readonly label: string }[] = [
  { value: 'uniform', label: 'the same part of every group' },
  { value: 'global', label: 'all channels ranked together' },
  { value: 'cost', label: 'the most is kept of the scores' },
  { value: 'outputs', label: 'the outputs lose least, by pictures' },
]

/** As the library has it where nothing is said. */
const chosenAllocation = ({ allocate, global, amount: { of } }: PruneWish): Allocation => {
  const usual = global ? 'global' : of === 'milliseconds' ? 'cost' : 'uniform'
  return of === 'ratio' ? (global ? 'global' : 'uniform') : (allocate ?? usual)
}

/** Criteria by what they are given. */
const kindsOfCriteria: Readonly<Record<CriterionChoice['needs'], string>> = {
  weights: 'From the weights alone',
  images: 'Looking at pictures',
  loss: 'Asking a loss',
  labels: 'Asking a loss of labels',
}

const looksAt: Readonly<Record<CriterionChoice['needs'], string>> = {
  weights: 'From the weights alone',
  images: 'Looks at pictures',
  loss: 'Looks at pictures, and asks a loss',
  labels: 'Looks at pictures with labels',
}

/** Which channels go, and how many. */
export function Settings({ pruning: { wish, criteria, settle } }: { readonly pruning: Pruning }) {
  const { of, part } = wish.amount
  const known = useTiming((s) => s.known)
  const chosen = criteria.find(({ name }) => name === wish.criterion)
  const needs = chosen?.needs ?? 'weights'
  const groups = Object.entries(kindsOfCriteria).map(([kind, group]) => ({
    group,
    items: criteria.filter((c) => c.needs === kind).map(({ name }) => name),
  }))
  const percent = Math.round(1000 * part) / 10
  return (
    <Fieldset legend="What goes">
      <Stack gap="md">
        <SegmentedControl
          fullWidth
          aria-label="Which channels"
          data={[...kinds]}
          value={wish.kinds.join(',')}
          onChange={(value) => settle({ kinds: value.split(',') as ChannelKind[] })}
        />
        <SegmentedControl
          fullWidth
          size="xs"
          aria-label="What is limited"
          data={[...amounts]}
          value={of}
          onChange={(value) => settle({ amount: { of: value as PruneAmount['of'], part } })}
        />
        <div>
          <Text size="sm" fw={500} mb={4}>
            {of === 'ratio'
              ? `${percent} % of the channels go`
              : `${percent} % of the ${amountNames[of]} ${of === 'milliseconds' ? 'stays' : 'stay'}${of === 'milliseconds' && known ? `: ${msText(part * known.ms)}` : ''}`}
          </Text>
          <Slider
            thumbLabel="How much"
            min={5}
            max={99}
            step={1}
            value={percent}
            label={(value) => `${value} %`}
            onChange={(value) => settle({ amount: { of, part: Math.round(10 * value) / 1000 } })}
            marks={[{ value: 25 }, { value: 50 }, { value: 75 }]}
          />
        </div>
        <SearchableSelect
          label="Least important first, by"
          description={[chosen?.source, looksAt[needs]].filter(Boolean).join('. ')}
          data={[...groups]}
          value={wish.criterion}
          allowDeselect={false}
          onChange={(criterion) => criterion && settle({ criterion })}
        />
        {(needs === 'loss' || needs === 'labels') && (
          <SegmentedControl
            fullWidth
            size="xs"
            aria-label="Loss"
            data={[
              { value: 'labels', label: 'Loss of labels' },
              { value: 'outputs', label: 'of own outputs', disabled: needs === 'labels' },
            ]}
            value={needs === 'labels' ? 'labels' : wish.loss}
            onChange={(value) => settle({ loss: value as typeof wish.loss })}
          />
        )}
        <Select
          label="Widths"
          data={of === 'ratio' ? allocations.slice(0, 2) : [...allocations]}
          value={chosenAllocation(wish)}
          allowDeselect={false}
          onChange={(value) => value && settle({ allocate: value as Allocation, global: value === 'global' })}
        />
      </Stack>
    </Fieldset>
  )
}
