import { Button, Group } from '@mantine/core'
import { engine } from '../../engine/client.ts'
import { CommandLine } from '../../parts/command-line.tsx'
import { saveText, stemOf } from '../../parts/save.ts'
import { useStore } from '../../store.ts'

/** The cut that led to the open network, with its recovery, as a page to keep; and the command that does the same. */
export function Report() {
  const { steps, at, network, fail } = useStore()
  const step = steps[at]
  if (!network || !(step?.cut || step?.recovery)) return null
  const save = async () => {
    try {
      saveText(await engine.prune.report(), `${stemOf(network.name)}-report.html`, 'text/html')
    } catch (error) {
      fail(error)
    }
  }
  return (
    <>
      <Group>
        <Button size="xs" variant="default" onClick={() => void save()}>
          Save a report
        </Button>
      </Group>
      {step.recovery && step.command !== undefined && <CommandLine command={step.command} />}
    </>
  )
}
