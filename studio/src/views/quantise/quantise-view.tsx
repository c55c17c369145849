import { Alert, Checkbox, Fieldset, SegmentedControl, Select, Slider, Stack, Text, Title } from '@mantine/core'
import type { RangeMethod } from 'kerf/rewrite'
import type { QuantizeWish } from '../../engine/quantize-types.ts'
import { CommandLine } from '../../parts/command-line.tsx'
import { Problem } from '../../parts/problem.tsx'
import tool from '../../parts/tool-view.module.css'
import { WorkButton } from '../../parts/work-button.tsx'
import { PicturesField } from '../../pictures/pictures-field.tsx'
import { useStore } from '../../store.ts'
import { Quantisables } from './quantisables.tsx'
import { QuantisedReport } from './quantised.tsx'
import { useQuantising } from './use-quantising.ts'

const ranges: readonly { readonly value: RangeMethod; readonly label: string }[] = [
  { value: 'mse', label: 'nearest in the mean square' },
  { value: 'minmax', label: 'everything that was seen' },
  { value: 'percentile', label: 'all but 1 in 10,000 on either side' },
  { value: 'entropy', label: 'least loss of information' },
]

const kinds: readonly { readonly value: QuantizeWish['to']; readonly label: string }[] = [
  { value: 'int8', label: 'Ordinary layers' },
  { value: 'adder', label: 'Adder layers' },
]

/** Layers in codes of few bits: ordinary ones, or adder layers. */
export default function QuantiseView() {
  const { wish, pictures, found, isWorking, problem, want, quantise } = useQuantising()
  const { steps, at } = useStore()
  const step = steps[at]
  const count = found?.layers.length ?? 0
  return (
    <div className={tool.view}>
      <Stack gap="md">
        <Fieldset legend="Codes">
          <Stack gap="md">
            <SegmentedControl
              fullWidth
              aria-label="What becomes codes"
              data={[...kinds]}
              value={wish.to}
              disabled={isWorking}
              onChange={(to) => want({ to: to as QuantizeWish['to'] })}
            />
            <div>
              <Text size="sm" fw={500} mb={4}>
                {wish.bits} bits
              </Text>
              <Slider
                thumbLabel="Bits"
                min={2}
                max={8}
                step={1}
                value={wish.bits}
                disabled={isWorking}
                marks={[{ value: 5 }, { value: 6 }, { value: 7 }]}
                onChange={(bits) => want({ bits })}
              />
            </div>
            <Select
              label="Ranges"
              data={[...ranges]}
              value={wish.range}
              allowDeselect={false}
              disabled={isWorking}
              onChange={(range) => range && want({ range: range as RangeMethod })}
            />
            <Checkbox
              label="Put each channel’s mean right"
              description="Better from 5 bits on, worse with fewer"
              checked={wish.biasCorrection}
              disabled={isWorking}
              onChange={({ currentTarget: { checked } }) => want({ biasCorrection: checked })}
            />
            <Checkbox
              label="Make channels of neighbouring layers alike"
              description="Cross-layer equalisation, of ordinary layers"
              checked={wish.to === 'int8' && wish.equalise}
              disabled={isWorking || wish.to !== 'int8'}
              onChange={({ currentTarget: { checked } }) => want({ equalise: checked })}
            />
          </Stack>
        </Fieldset>
        <PicturesField />
        <Text size="sm">
          Ranges follow from pictures as the network sees them, without labels; some hundreds are good.
        </Text>
        <div>
          <WorkButton disabled={isWorking || count === 0 || pictures === 0} onClick={() => void quantise()}>
            Quantise
          </WorkButton>
        </div>
        <Problem text={problem} />
      </Stack>
      <Stack gap="md" miw={0}>
        {step?.quantized && <QuantisedReport title={step.title} outcome={step.quantized} command={step.command} />}
        {found?.why !== undefined && <Alert color="blue">{found.why}</Alert>}
        {found && count > 0 && (
          <>
            <Title order={2} size="h5">
              {count} {wish.to === 'adder' ? 'adder ' : ''}
              {count === 1 ? 'layer' : 'layers'} in floats
            </Title>
            <CommandLine command={found.command} />
            <Quantisables names={found.layers} />
          </>
        )}
      </Stack>
    </div>
  )
}
