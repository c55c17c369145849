import { Drawer } from '@mantine/core'
import { type KeyboardEvent, type PointerEvent, type ReactNode, useState } from 'react'
import classes from './graph.module.css'

const [narrowest, widest] = [240, 640]
/** Windows that are less wide have no room beside the picture. */
export const narrow = 768
/** Of the window's height. */
export const drawerPart = 0.55

/** Beside the picture, as wide as one drags it; where there is no room, a drawer from below. */
export function Side({
  isNarrow,
  isOpen,
  onClose,
  children,
}: {
  readonly isNarrow: boolean
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly children: ReactNode
}) {
  const [width, setWidth] = useState(320)
  const to = (next: number) => setWidth(Math.min(widest, Math.max(narrowest, next)))
  if (isNarrow)
    return (
      <Drawer.Root
        opened={isOpen}
        onClose={onClose}
        position="bottom"
        size={`${100 * drawerPart}%`}
        lockScroll={false}
        trapFocus={false}
        closeOnClickOutside={false}
      >
        <Drawer.Content aria-label="The chosen layer">
          <Drawer.Body p={0}>{children}</Drawer.Body>
        </Drawer.Content>
      </Drawer.Root>
    )
  if (!isOpen) return null
  const drag = (event: PointerEvent<HTMLElement>) => {
    if (event.type === 'pointerdown') event.currentTarget.setPointerCapture(event.pointerId)
    else if (event.buttons > 0) to(window.innerWidth - event.clientX)
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'ArrowLeft') to(width + 20)
    if (event.key === 'ArrowRight') to(width - 20)
  }
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: a rule cannot be dragged. */}
      <div
        className={classes.grip}
        role="separator"
        tabIndex={0}
        aria-orientation="vertical"
        aria-label="Width of the panel"
        aria-valuenow={width}
        aria-valuemin={narrowest}
        aria-valuemax={widest}
        onPointerDown={drag}
        onPointerMove={drag}
        onKeyDown={onKey}
      />
      <aside className={classes.side} style={{ width }} aria-label="The chosen layer">
        {children}
      </aside>
    </>
  )
}
