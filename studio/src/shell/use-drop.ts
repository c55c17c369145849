import { useEffect, useEffectEvent, useState } from 'react'
import type { PickedFile } from '../engine/model-source.ts'
import { droppedFiles } from './dropped.ts'

/**
 * Takes files that are dropped anywhere on the page.
 * @returns whether files are held above it
 */
export function useDrop(take: (files: readonly PickedFile[]) => void, fail: (error: unknown) => void): boolean {
  const [isOver, setOver] = useState(false)
  const dropped = useEffectEvent((data: DataTransfer) => {
    droppedFiles(data).then(take, (error: Error) => fail(error.message))
  })
  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') ?? false
    const over = (event: DragEvent) => {
      if (!hasFiles(event)) return
      event.preventDefault()
      setOver(true)
    }
    addEventListener('dragenter', over, { signal })
    addEventListener('dragover', over, { signal })
    addEventListener(
      'dragleave',
      ({ relatedTarget }) => {
        // Out of the window, and not from one part of the page to another.
        if (!relatedTarget) setOver(false)
      },
      { signal },
    )
    addEventListener(
      'drop',
      (event) => {
        setOver(false)
        // A part of the page has taken them.
        if (!hasFiles(event) || event.defaultPrevented) return
        event.preventDefault()
        dropped(event.dataTransfer!)
      },
      { signal },
    )
    return () => controller.abort()
  }, [])
  return isOver
}
