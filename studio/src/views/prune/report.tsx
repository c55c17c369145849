import { Button } from '@mantine/core'
import { engine } from '../../engine/client.ts'
import { saveText, stemOf } from '../../parts/save.ts'
import { useStore } from '../../store.ts'

/** Saves the cut that led to the open network, with its recovery, as a page to keep. */
export function Report() {
  const { steps, at, network, fail } = useStore()
  const step = steps[at]
  const save = async () => {
    try {
      saveText(await engine.prune.report(), `${stemOf(network!.name)}-report.html`, 'text/html')
    } catch (error) {
      fail(error)
    }
  }
  return (
    <Button variant="default" disabled={!(step?.cut || step?.recovery)} onClick={() => void save()}>
      Save a report
    </Button>
  )
}
