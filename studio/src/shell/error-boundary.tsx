import { Alert, Button, Stack, Text } from '@mantine/core'
import { Component, type ReactNode } from 'react'

interface Props {
  /** What is shown in it: `The graph`. */
  readonly what: string
  readonly children: ReactNode
}

/** Shows what went wrong in place of what cannot be shown, so that the rest of the page goes on. */
export class ErrorBoundary extends Component<Props, { readonly error?: Error }> {
  override state: { readonly error?: Error } = {}

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }

  override render() {
    const { error } = this.state
    if (!error) return this.props.children
    return (
      <Alert role="alert" color="red" m="md" title={`${this.props.what} cannot be shown`}>
        <Stack align="start">
          <Text size="sm">
            {error.name}: {error.message} This is a fault of Kerf; please report it with the model.
          </Text>
          <Button size="xs" variant="default" onClick={() => this.setState({ error: undefined })}>
            Try again
          </Button>
        </Stack>
      </Alert>
    )
  }
}
