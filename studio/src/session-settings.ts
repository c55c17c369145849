import type { SessionSettings } from './engine/session/types.ts'

/** What a part of the page keeps in a session's file. Plain data. */
export interface KeptSettings {
  get(): unknown
  /** @param value what `get` gave, or anything: the file may come from anybody */
  set(value: unknown): void
}

const parts = new Map<string, KeptSettings>()
/** Of a session that was opened, for parts that are loaded later. */
let waiting: SessionSettings = {}

/**
 * Keeps settings in sessions.
 * @param name in the file
 */
export function keepInSession(name: string, settings: KeptSettings): void {
  parts.set(name, settings)
  if (name in waiting) settings.set(waiting[name])
}

/** Those of all parts that were loaded, and those of a session that nobody has asked for yet. */
export const settingsNow = (): SessionSettings => ({
  ...waiting,
  ...Object.fromEntries([...parts].map(([name, { get }]) => [name, get()])),
})

export function restoreSettings(settings: SessionSettings): void {
  waiting = settings
  for (const [name, value] of Object.entries(settings)) parts.get(name)?.set(value)
}
