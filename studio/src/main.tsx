// Kerf Studio: a network, what it costs, and what becomes of it, in a page.
// Not here: counting, cutting, running: the library does them, in a worker (engine/).
// May import: Kerf's entry points (`kerf`, `kerf/…`).
import './mantine.css'
import { MantineProvider } from '@mantine/core'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './shell/app.tsx'
import { ErrorBoundary } from './shell/error-boundary.tsx'
import { start } from './shell/start.ts'
import { theme, variables } from './shell/theme.ts'

/** What style elements need where the server's policy asks for it. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce
// The name that libraries look it up by, which add styles of their own.
if (nonce) Object.assign(globalThis, { __webpack_nonce__: nonce })

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider
      defaultColorScheme="auto"
      theme={theme}
      cssVariablesResolver={variables}
      getStyleNonce={() => nonce ?? ''}
    >
      <ErrorBoundary what="Kerf Studio">
        <App />
      </ErrorBoundary>
    </MantineProvider>
  </StrictMode>,
)
start()
