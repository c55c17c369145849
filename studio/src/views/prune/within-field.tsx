import { Fieldset, Group, NumberInput, SegmentedControl, Stack } from '@mantine/core'
import { limitWish, readerOf } from '../../engine/session/wishes.ts'
import { Explained } from '../../parts/problem.tsx'
import { WorkButton } from '../../parts/work-button.tsx'
import { usePictures } from '../../pictures/pictures.ts'
import { useKept } from '../../session-settings.ts'
import { percent } from './bearing-field.tsx'
import { amountNames, type Pruning } from './use-pruning.ts'
import { useWithin } from './within.ts'

interface LimitWish {
  readonly of: 'outputError' | 'maxDrop'
  /** In percent, or points. */
  readonly most: number
}

const asFirst: LimitWish = { of: 'outputError', most: 10 }
const read = readerOf(limitWish)

/** As small as the outputs, or the quality, allow. */
export function WithinField({ pruning: { wish, settle } }: { readonly pruning: Pruning }) {
  const { found, progress, error, search } = useWithin()
  const pictures = usePictures((s) => s.told)
  const [limit, setLimit] = useKept('prune limit', asFirst, read)
  const what = amountNames[wish.amount.of === 'ratio' ? 'macs' : wish.amount.of]
  const look = async () => {
    const within = await search(wish, { [limit.of]: limit.most / 100 })
    if (within) settle({ amount: within.amount })
  }
  return (
    <Fieldset legend="As small as quality allows">
      <Stack gap="sm">
        <Explained problem={error} mih="4lh" role="status">
          {found
            ? `${Math.round(100 * found.amount.part)} % of the ${what} stay: outputs are off by ${percent(found.outputError)}${
                found.quality === '1 − output error'
                  ? ''
                  : `, ${found.quality} is ${percent(found.reached)} (before ${percent(found.given)})`
              }, on ${found.images} pictures, once recovered.`
            : pictures
              ? `Cuts are tried, recovered by solving for layers on three quarters of the pictures, and judged on the others. The one of fewest ${what} within the limit is taken.`
              : 'Give pictures. Then the smallest network is looked for that stays within a limit.'}
        </Explained>
        <SegmentedControl
          fullWidth
          size="xs"
          aria-label="What is limited in quality"
          data={[
            { value: 'outputError', label: 'Outputs off' },
            { value: 'maxDrop', label: pictures && pictures.classes.length > 0 ? 'Accuracy' : 'Agreement' },
          ]}
          value={limit.of}
          onChange={(of) => setLimit(of === 'maxDrop' ? { of, most: 1 } : asFirst)}
        />
        <Group gap="xs" align="flex-end">
          <NumberInput
            size="xs"
            w={160}
            label={limit.of === 'outputError' ? 'By at most, in %' : 'Points that may be lost'}
            min={0.1}
            max={99}
            step={limit.of === 'outputError' ? 1 : 0.5}
            decimalScale={1}
            value={limit.most}
            onChange={(most) => typeof most === 'number' && most >= 0.1 && most <= 99 && setLimit({ ...limit, most })}
          />
          <WorkButton
            size="xs"
            variant="default"
            disabled={!pictures || progress !== undefined}
            onClick={() => void look()}
          >
            Find it
          </WorkButton>
        </Group>
      </Stack>
    </Fieldset>
  )
}
