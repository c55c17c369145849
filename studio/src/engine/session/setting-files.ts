import type { KerfError } from 'kerf'
import { type Manifest, sha256 } from './manifest.ts'
import type { SessionSettings } from './types.ts'

/*
 * Files among the settings of the page, as the picture that a network was run on: in the archive they are files, and the manifest says whose they are.
 */

type Told = NonNullable<Manifest['files']>

/** Settings without files, and these. */
export async function settingsApart(settings: SessionSettings) {
  const files: Record<string, Uint8Array<ArrayBuffer>> = {}
  const told: Told = []
  const plain: Record<string, unknown> = {}
  for (const [setting, value] of Object.entries(settings)) {
    plain[setting] = value
    for (const [key, held] of Object.entries(Object(value) as object)) {
      if (!(held instanceof Blob)) continue
      const bytes = new Uint8Array(await held.arrayBuffer())
      const file = `files/${told.length}`
      const { [key]: _, ...rest } = plain[setting] as Record<string, unknown>
      plain[setting] = rest
      files[file] = bytes
      const name = held instanceof File ? held.name : ''
      told.push({ setting, key, file, name, type: held.type, sha256: await sha256(bytes) })
    }
  }
  return { settings: plain, files, told }
}

/**
 * Settings with their files in them again.
 * @param files of the archive
 * @throws KerfError `bad-session`
 */
export async function settingsTogether(
  { settings, files: told = [] }: Manifest,
  files: Readonly<Record<string, Uint8Array>>,
  bad: (why: string) => KerfError,
): Promise<SessionSettings> {
  const all: Record<string, unknown> = { ...settings }
  for (const { setting, key, file, name, type, sha256: expected } of told) {
    const bytes = files[file]?.slice()
    if (!bytes) throw bad(`the file "${name}" is missing`)
    if ((await sha256(bytes)) !== expected) throw bad(`the file "${name}" is damaged`)
    all[setting] = { ...(Object(all[setting]) as object), [key]: new File([bytes], name, { type }) }
  }
  return all
}
