import { Button, type ButtonProps } from '@mantine/core'
import type { ReactNode } from 'react'

interface Props extends Omit<ButtonProps, 'disabled'> {
  readonly disabled: boolean
  readonly children: ReactNode
  onClick(): void
}

/** Of a button that can do nothing now, and keeps the focus. What it does, it must not do then. */
export const unable = (isUnable: boolean) => ({ 'data-disabled': isUnable || undefined, 'aria-disabled': isUnable })

/** Starts what takes a while, or what can be done once. It keeps the focus while it can do nothing, which a disabled button loses: the keyboard would begin anew at the top of the page. */
export const WorkButton = ({ disabled, onClick, ...rest }: Props) => (
  <Button
    {...rest}
    {...unable(disabled)}
    onClick={() => {
      if (!disabled) onClick()
    }}
  />
)
