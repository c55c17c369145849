import { Button, type ButtonProps } from '@mantine/core'
import type { ReactNode } from 'react'

interface Props extends Omit<ButtonProps, 'disabled'> {
  readonly disabled: boolean
  readonly children: ReactNode
  onClick(): void
}

/** Starts what takes a while. It keeps the focus while it can do nothing, which a disabled button loses: the keyboard would begin anew at the top of the page. */
export const WorkButton = ({ disabled, onClick, ...rest }: Props) => (
  <Button
    {...rest}
    data-disabled={disabled || undefined}
    aria-disabled={disabled}
    onClick={() => {
      if (!disabled) onClick()
    }}
  />
)
