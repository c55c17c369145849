import { Alert, Group, Stack, Title } from '@mantine/core'
import { BeforeAfter } from '../../parts/before-after.tsx'
import { Busy } from '../../parts/busy.tsx'
import { CommandLine } from '../../parts/command-line.tsx'
import tool from '../../parts/tool-view.module.css'
import { WorkButton } from '../../parts/work-button.tsx'
import { PicturesField } from '../../pictures/pictures-field.tsx'
import { useStore } from '../../store.ts'
import { BearingField } from './bearing-field.tsx'
import { CutTold } from './cut-told.tsx'
import { Groups } from './groups.tsx'
import { Recover } from './recover.tsx'
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
  const predicted = preview?.time && {
    ...{ title: 'Time, predicted', before: preview.time.beforeMs, after: preview.time.afterMs },
  }
  return (
    <div className={tool.view}>
      <Stack gap="md">
        <Settings pruning={pruning} />
        <Group gap="sm">
          <WorkButton onClick={() => void cut()} disabled={!preview || isBusy || problem !== undefined}>
            Cut and prove
          </WorkButton>
          {isBusy && <Busy size="sm" what="Working" />}
        </Group>
        <div aria-live="polite">
          {problem !== undefined && (
            <Alert color="red" role="alert">
              {problem}
            </Alert>
          )}
          <CutTold />
        </div>
        <Report />
        <PicturesField />
        <WithinField pruning={pruning} />
        <Recover />
        <BearingField pruning={pruning} />
        <Times />
      </Stack>
      <Stack gap="md" miw={0}>
        {!preview && isBusy && <Busy size="sm" what="Looking at channels" />}
        {preview && (
          <>
            <Title order={2} size="h5">
              {isCut ? 'What another cut would do' : 'What the cut would do'}
            </Title>
            <BeforeAfter {...preview} timed={predicted} label="Before and after the cut" />
            <CommandLine command={preview.command} />
            <Groups pruning={pruning} preview={preview} />
          </>
        )}
      </Stack>
    </div>
  )
}
