import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { BeforeAfter, msText } from '../../parts/before-after.tsx'
import { Busy } from '../../parts/busy.tsx'
import { CommandLine } from '../../parts/command-line.tsx'
import tool from '../../parts/tool-view.module.css'
import { PicturesField } from '../../pictures/pictures-field.tsx'
import { BearingField } from './bearing-field.tsx'
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
  const { preview, problem, isBusy, proof, time, cut } = pruning
  const predicted = preview?.time && {
    ...{ title: 'Time, predicted', before: preview.time.beforeMs, after: preview.time.afterMs },
  }
  return (
    <div className={tool.view}>
      <Stack gap="md">
        <Settings pruning={pruning} />
        <Group gap="sm">
          <Button onClick={() => void cut()} disabled={!preview || isBusy || problem !== undefined}>
            Cut and prove
          </Button>
          {isBusy && <Busy size="sm" what="Working" />}
        </Group>
        <div aria-live="polite">
          {problem !== undefined && (
            <Alert color="red" role="alert">
              {problem}
            </Alert>
          )}
          {proof && (
            <Text size="sm">
              {proof.maxRelDiff === undefined
                ? (proof.why ?? 'The cut was not run.')
                : `Cut. It does what the network with these channels masked does: largest difference ${proof.maxRelDiff.toExponential(1)} of the largest value, ${(proof.allowed ?? 0).toExponential(1)} allowed.`}
            </Text>
          )}
          {time && (
            <Text size="sm" mt="xs">
              {`A run took ${msText(time.beforeMs)} and takes ${msText(time.afterMs)}, measured; ${msText(time.predictedMs)} had been predicted.`}
            </Text>
          )}
        </div>
        <Report />
        <PicturesField />
        <WithinField pruning={pruning} />
        <Recover />
        <BearingField pruning={pruning} />
        <Times />
      </Stack>
      <Stack gap="md" miw={0}>
        {preview && (
          <>
            <BeforeAfter {...preview} timed={predicted} label="Before and after the cut" />
            <CommandLine command={preview.command} />
            <Groups pruning={pruning} preview={preview} />
          </>
        )}
      </Stack>
    </div>
  )
}
