// Chromium, where the machine has one: as CHROMIUM_PATH says, or where Debian puts it.

import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import { describe } from 'vitest'

const executablePath = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser'].find(
  (path) => path !== undefined && path !== '' && existsSync(path),
)

/**
 * `describe` for tests in a browser; without one they are reported as skipped, with the reason in their name.
 * Chromium on a busy machine sometimes answers late or not at all. In CI (`CI` is set) such a test is tried once more, and `npm test` lists it.
 */
export function describeBrowser(name: string, body: () => void): void {
  if (executablePath) describe(name, { retry: process.env.CI ? 1 : 0 }, body)
  else describe.skip(`${name} (skipped: there is no Chromium; install it or set CHROMIUM_PATH)`, body)
}

/** Headless, and silent: nothing but the page is to use the network. */
export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    headless: true,
    chromiumSandbox: false,
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
