import { Alert, Text, type TextProps } from '@mantine/core'
import { type ReactNode, useEffect, useRef } from 'react'
import classes from './problem.module.css'

/** Brings what comes later into sight: below the window nobody sees it. */
function useInSight<T extends HTMLElement>(text: string | undefined) {
  const ref = useRef<T>(null)
  useEffect(() => {
    if (text !== undefined) ref.current?.scrollIntoView({ block: 'nearest' })
  }, [text])
  return ref
}

/** Why something did not work, and what to do. It stands where it happened, last in its column, so that it moves nothing. */
export function Problem({ text }: { readonly text: string | undefined }) {
  const ref = useInSight<HTMLDivElement>(text)
  if (text === undefined) return null
  return (
    <Alert ref={ref} color="red" role="alert" className={classes.problem}>
      {text}
    </Alert>
  )
}

interface ExplainedProps extends Pick<TextProps, 'mih'> {
  readonly role?: 'status'
  /** Takes the place of what is said, so that nothing below is moved. */
  readonly problem: string | undefined
  readonly children: ReactNode
}

/** What a part of the page does; or why it did not work. */
export function Explained({ problem, mih, role, children }: ExplainedProps) {
  const ref = useInSight<HTMLParagraphElement>(problem)
  return problem === undefined ? (
    <Text size="sm" mih={mih} role={role}>
      {children}
    </Text>
  ) : (
    <Text key="problem" ref={ref} size="sm" mih={mih} role="alert" className={classes.instead}>
      {problem}
    </Text>
  )
}
