// Kerf Studio: a network, what it costs, and what becomes of it, in a page.
// Not here: counting, cutting, running: the library does them, in a worker (engine/).
// May import: Kerf's entry points (`kerf`, `kerf/…`).
import '@mantine/core/styles.css'
import { MantineProvider } from '@mantine/core'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './shell/app.tsx'

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider defaultColorScheme="auto">
      <App />
    </MantineProvider>
  </StrictMode>,
)
