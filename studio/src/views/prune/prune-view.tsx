import { Group, Stack, Title } from '@mantine/core'
import { BeforeAfter } from '../../parts/before-after.tsx'
import { Busy } from '../../parts/busy.tsx'
import { CommandLine } from '../../parts/command-line.tsx'
import tool from '../../parts/tool-view.module.css'
import { WorkButton } from '../../parts/work-button.tsx'
import { PicturesField } from '../../pictures/pictures-field.tsx'
import { useStore } from '../../store.ts'
import { BearingField } from './bearing-field.tsx'
import { CutTold, Proof } from './cut-told.tsx'
import { Groups } from './groups.tsx'
import { Recover } from './recover.tsx'
import { useRecovering } from './recovering.ts'
import { Report } from './report.tsx'
import { Settings } from './settings.tsx'
import { Times } from './times.tsx'
import { usePruning } from './use-pruning.ts'
import { WithinField } from './within-field.tsx'

/** Channels taken out of the network: how many, which, what that makes of it; and the quality brought back. */
export default function PruneView() {
  const pruning = usePruning()
  const { preview, problem, isBusy, cut } = pruning
  const isCut = useStore(({ steps, at }) => steps[at]?.cut !== undefined)
  const isRecovering = useRecovering((s) => s.state !== undefined)
  const { beforeMs, afterMs } = preview?.time ?? {}
  // Settings that came later would move what stands already.
  if (pruning.criteria.length === 0) return <Busy m="md" what="Loading criteria" />
  return (
    <div className={tool.view}>
      <Stack gap="md">
        <Settings pruning={pruning} />
        <Group gap="sm">
          <WorkButton onClick={() => void cut()} disabled={!preview || isBusy || problem !== undefined}>
            Cut and prove
          </WorkButton>
          <Report />
          {isBusy && <Busy size="sm" what="Working" />}
        </Group>
        <div aria-live="polite">
          <Proof problem={problem} />
        </div>
        <PicturesField />
        <WithinField pruning={pruning} />
        <BearingField pruning={pruning} />
        <Times />
        {/* Last, since what was stopped comes later. */}
        <Recover />
      </Stack>
      <Stack gap="md" miw={0}>
        <CutTold />
        {!preview && isBusy && <Busy size="sm" what="Looking at channels" />}
        {/* Below curves that come while a cut is recovered it would be moved. */}
        {preview && !isRecovering && (
          <>
            <div className={tool.sums}>
              <Title order={2} size="h5">
                {isCut ? 'What another cut would do' : 'What the cut would do'}
              </Title>
              <BeforeAfter
                {...preview}
                timed={{ title: 'Time, predicted', before: beforeMs, after: afterMs }}
                label="Before and after the cut"
              />
            </div>
            <CommandLine command={preview.command} />
            <Groups pruning={pruning} preview={preview} />
          </>
        )}
      </Stack>
    </div>
  )
}
