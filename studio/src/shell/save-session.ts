import { engine } from '../engine/client.ts'
import { saveBlob } from '../parts/save.ts'
import { settingsNow } from '../session-settings.ts'
import { useStore } from '../store.ts'

/** Everything that is open, as a file that can be opened again. */
export async function saveSession(): Promise<void> {
  const { network, saved, fail } = useStore.getState()
  if (!network) return
  try {
    const { name, blob } = await engine.model.saveSession(settingsNow())
    saveBlob(blob, name)
    saved()
  } catch (error) {
    fail(error)
  }
}
