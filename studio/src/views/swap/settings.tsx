import {
  Checkbox,
  Fieldset,
  NumberInput,
  SegmentedControl,
  Select,
  Slider,
  Stack,
  Text,
  TextInput,
} from '@mantine/core'
import type { SwapAmount, SwapKind } from '../../engine/swap-types.ts'
import type { Swapping } from './use-swapping.ts'

const amounts: readonly { readonly value: SwapAmount['of']; readonly label: string }[] = [
  { value: 'macs', label: 'MACs' },
  { value: 'energy', label: 'Energy' },
  { value: 'time', label: 'Time' },
  { value: 'settings', label: 'Set' },
]

const asFirst: Readonly<Record<SwapAmount['of'], SwapAmount>> = {
  macs: { of: 'macs', part: 0.5 },
  energy: { of: 'energy', part: 0.95 },
  time: { of: 'time', factor: 1.5 },
  settings: { of: 'settings' },
}

/** What layers become, and how large. */
export function Settings({ swapping, kind }: { readonly swapping: Swapping; readonly kind: SwapKind }) {
  const { wish, kinds, preview, want } = swapping
  const { amount } = wish
  return (
    <Fieldset legend="What layers become">
      <Stack gap="md">
        <Select
          label="Kind"
          data={kinds.map(({ name }) => name)}
          value={wish.kind}
          allowDeselect={false}
          onChange={(name) => {
            const next = kinds.find((k) => k.name === name)
            // Settings and layers of one kind are not those of another.
            if (next) want({ kind: next.name, settings: {}, layers: undefined, amount: amountFor(next, amount) })
          }}
        />
        <Text size="sm" mih="5lh">
          {kind.summary.replaceAll('--', '')}{' '}
          {kind.source && (
            <Text span size="xs" c="dimmed">
              {kind.source}
            </Text>
          )}
        </Text>
        {kind.isSized && (
          <SegmentedControl
            fullWidth
            aria-label="What says how large they become"
            data={[...amounts]}
            value={amount.of}
            onChange={(of) => want({ amount: asFirst[of as SwapAmount['of']] })}
          />
        )}
        <Amount amount={amount} least={preview?.least} onChange={(next) => want({ amount: next })} />
        {kind.settings.map(({ name, what, takes, default: fallback }) =>
          takes === undefined ? (
            <Checkbox
              key={name}
              label={capital(what)}
              checked={wish.settings[name] === 'true'}
              onChange={({ currentTarget: { checked } }) =>
                want({ settings: setIn(wish.settings, name, checked ? 'true' : '') })
              }
            />
          ) : (
            <TextInput
              key={name}
              label={capital(what)}
              description={takes}
              placeholder={fallback || 'chosen'}
              value={wish.settings[name] ?? ''}
              onChange={({ currentTarget: { value } }) => want({ settings: setIn(wish.settings, name, value) })}
            />
          ),
        )}
      </Stack>
    </Fieldset>
  )
}

/** What has one size has no target. */
const amountFor = ({ isSized }: SwapKind, before: SwapAmount): SwapAmount =>
  isSized ? (before.of === 'settings' ? asFirst.macs : before) : asFirst.settings

const capital = (text: string) => text.replace(/^./, (letter) => letter.toUpperCase())

/** An empty text sets nothing. */
function setIn(settings: Readonly<Record<string, string>>, name: string, value: string) {
  const { [name]: _, ...others } = settings
  return value === '' ? others : { ...others, [name]: value }
}

interface AmountProps {
  readonly amount: SwapAmount
  /** The part of the MACs that stays at least, where that is known. */
  readonly least: number | undefined
  onChange(amount: SwapAmount): void
}

function Amount({ amount, least, onChange }: AmountProps) {
  if (amount.of === 'settings') return null
  if (amount.of === 'time')
    return (
      <NumberInput
        label="Times as fast"
        description="Measured in this browser when the layers are swapped; some forms of every layer, then the network"
        min={1.05}
        max={20}
        step={0.1}
        decimalScale={2}
        value={amount.factor}
        onChange={(factor) => typeof factor === 'number' && factor > 1 && onChange({ of: 'time', factor })}
      />
    )
  const { of, part } = amount
  const [fewest, most, step] = of === 'energy' ? [50, 99.5, 0.5] : [5, 99, 1]
  const percent = Math.round(1000 * part) / 10
  return (
    <div>
      <Text size="sm" fw={500} mb={4}>
        {of === 'energy' ? `${percent} % of each layer’s energy stay` : `${percent} % of the network’s MACs stay`}
      </Text>
      <Slider
        thumbLabel="How much stays"
        min={fewest}
        max={most}
        step={step}
        value={percent}
        label={(value) => `${value} %`}
        onChange={(value) => onChange({ of, part: Math.round(10 * value) / 1000 })}
      />
      {of === 'macs' && least !== undefined && (
        <Text size="xs" mt={4}>
          As far as these layers go, {(100 * least).toFixed(1)} % stay.
        </Text>
      )}
    </div>
  )
}
