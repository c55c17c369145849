import { useEffect, useRef, useState } from 'react'
import type { SessionSettings } from './engine/session/types.ts'

/** What a part of the page keeps in a session's file. Plain data; a property may be a file. */
export interface KeptSettings {
  get(): unknown
  /** @param value what `get` gave, or anything: the file may come from anybody */
  set(value: unknown): void
}

const parts = new Map<string, KeptSettings>()
/** Of the views of the open model. */
const states = new Map<string, () => unknown>()
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

/**
 * State of a view that sessions keep. With another model it is as at first; with a session, as it was saved; where the view is shown again, as it was left.
 * @param name in the file
 * @param read what a file says of it; undefined where that is nothing that may be
 */
export function useKept<T>(
  name: string,
  asFirst: T,
  read: (value: unknown) => T | undefined,
): readonly [T, (next: T) => void] {
  const [state, setState] = useState(() => read(states.get(name)?.() ?? waiting[name]) ?? asFirst)
  const latest = useRef(state)
  latest.current = state
  useEffect(() => {
    // Until another model is opened: views that are not looked at have their state, but no effects.
    states.set(name, () => latest.current)
  }, [name])
  return [state, setState]
}

/** Those of all parts that were loaded, and those of a session that nobody has asked for yet. */
export const settingsNow = (): SessionSettings => ({
  ...waiting,
  ...Object.fromEntries([...parts].map(([name, { get }]) => [name, get()])),
  ...Object.fromEntries([...states].map(([name, get]) => [name, get()])),
})

/** @param settings of the session that is opened; of a model of its own there are none */
export function restoreSettings(settings: SessionSettings = {}): void {
  waiting = settings
  states.clear()
  for (const [name, value] of Object.entries(settings)) parts.get(name)?.set(value)
}
