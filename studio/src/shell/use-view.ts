import { useSyncExternalStore } from 'react'
import type { View } from '../views/views.ts'

/** `#graph`; what a view puts behind a slash is its own. */
const named = () => location.hash.slice(1).split('/')[0]!

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener)
  return () => removeEventListener('hashchange', listener)
}

/** Shows a view; the browser's way back leads to the one before. */
export function showView(name: string): void {
  location.hash = name
}

/** The view in the address; undefined where it is none of these. */
export function useView(views: readonly View[]): string | undefined {
  const name = useSyncExternalStore(subscribe, named)
  return views.some((view) => view.name === name) ? name : undefined
}
