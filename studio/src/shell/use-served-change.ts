import { useEffect, useState } from 'react'
import { useStore } from '../store.ts'
import { servedNow } from './served.ts'

/** What became of the file that is open. */
export interface ServedChange {
  readonly title: string
  readonly text: string
  /** Reads it as it is now; undefined where that cannot be. */
  readonly again?: () => void
}

/** Whether the model that `kerf studio` was given is still what it was: looked at whenever the page comes to the front again. */
export function useServedChange(): ServedChange | undefined {
  const { source, open, opened } = useStore()
  const [found, setFound] = useState<{ readonly change: ServedChange; readonly opened: number }>()
  useEffect(() => {
    if (source?.from !== 'server') return
    const look = async () => {
      if (document.visibilityState === 'hidden') return
      const change = await changeSince(source.files, (files) => void open({ from: 'server', files }))
      setFound(change && { change, opened })
    }
    const listener = () => void look()
    addEventListener('focus', listener)
    document.addEventListener('visibilitychange', listener)
    return () => {
      removeEventListener('focus', listener)
      document.removeEventListener('visibilitychange', listener)
    }
  }, [source, open, opened])
  return found?.opened === opened && source?.from === 'server' ? found.change : undefined
}

type Files = Extract<NonNullable<ReturnType<typeof useStore.getState>['source']>, { from: 'server' }>['files']

async function changeSince(before: Files, read: (files: Files) => void): Promise<ServedChange | undefined> {
  const now = await servedNow().catch(() => undefined)
  if (!now)
    return {
      title: 'kerf studio has ended',
      text: 'What is open stays; nothing more is read from the disk. Start the command again to go on.',
    }
  const [first, ...others] = now.files
  const [own] = before
  if (!first?.tag) return { title: `${own.name} is gone`, text: 'What is open stays as it was when it was read.' }
  if (before.every(({ tag }, i) => tag === now.files[i]?.tag)) return undefined
  return {
    title: `${own.name} has changed on the disk`,
    text: 'What is open is what it was when it was read.',
    again: () => read([first, ...others]),
  }
}
