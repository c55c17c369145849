import { Checkbox, Fieldset, Group, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import { BeforeAfter } from '../../parts/before-after.tsx'
import { Busy } from '../../parts/busy.tsx'
import { CommandLine } from '../../parts/command-line.tsx'
import { Problem } from '../../parts/problem.tsx'
import tool from '../../parts/tool-view.module.css'
import { WorkButton } from '../../parts/work-button.tsx'
import { PicturesField } from '../../pictures/pictures-field.tsx'
import { useStore } from '../../store.ts'
import { Layers } from './layers.tsx'
import { Settings } from './settings.tsx'
import { SwappedReport } from './swapped.tsx'
import { useSwapping } from './use-swapping.ts'

/** Layers exchanged for cheaper ones: for which, how large, and what that makes of the network. */
export default function SwapView() {
  const swapping = useSwapping()
  const { preview, isBusy, isWorking, problem, kinds, wish, swap } = swapping
  const { steps, at } = useStore()
  const [timed, setTimed] = useState(false)
  const told = problem ?? preview?.problem
  const kind = kinds.find(({ name }) => name === wish.kind) ?? kinds[0]
  const step = steps[at]
  // Settings that came later would move what stands already.
  if (!kind) return <Busy m="md" what="Loading kinds" />
  return (
    <div className={tool.view}>
      <Stack gap="md">
        <Settings swapping={swapping} kind={kind} />
        <PicturesField />
        <Fieldset legend="What is done with them">
          <Stack gap="sm">
            <Text size="sm" mih="4lh">
              {kind.approximates
                ? 'Pictures without labels make the new weights better, by least squares; every fourth one only judges.'
                : 'Means and variances are measured on pictures; without any, on noise. The new layers must learn anew.'}
            </Text>
            <Checkbox
              label="Measure times before and after"
              checked={timed}
              disabled={isWorking}
              onChange={({ currentTarget: { checked } }) => setTimed(checked)}
            />
          </Stack>
        </Fieldset>
        <Group gap="sm">
          <WorkButton
            disabled={!preview || isBusy || isWorking || preview.problem !== undefined}
            onClick={() => void swap(timed)}
          >
            Swap
          </WorkButton>
          {preview && isBusy && !isWorking && <Busy size="sm" what="Looking at layers" />}
        </Group>
      </Stack>
      <Stack gap="md" miw={0}>
        <Problem text={told} />
        {step?.swap && <SwappedReport title={step.title} outcome={step.swap} command={step.command} />}
        {!preview && isBusy && !isWorking && <Busy size="sm" what="Looking at layers" />}
        {preview && (
          <>
            {preview.outcome && (
              <div className={tool.sums}>
                <Title order={2} size="h5">
                  {step?.swap ? 'What another swap would do' : 'What the swap would do'}
                </Title>
                <BeforeAfter {...preview.outcome} label="Before and after the swap" />
              </div>
            )}
            {preview.problem === undefined && <CommandLine command={preview.command} />}
            {preview.layers.length > 0 && <Layers swapping={swapping} preview={preview} />}
          </>
        )}
      </Stack>
    </div>
  )
}
