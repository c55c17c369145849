import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { KerfError } from '../../base/index.ts'

/*
 * A browser of the Chromium family that is installed on this machine. None is downloaded.
 */

/** As they are called on the path, and where systems put them. */
const programs = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser', 'chrome', 'microsoft-edge']
const places = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ...[process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA].flatMap((folder) =>
    folder
      ? [
          join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
          join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe'),
        ]
      : [],
  ),
]

/**
 * `CHROME_PATH` where it is set, else what the path or the system's usual places have.
 * @throws KerfError `no-browser`
 */
export function findBrowser(env: NodeJS.ProcessEnv = process.env): string {
  const given = env.CHROME_PATH
  if (given) {
    if (existsSync(given)) return given
    throw new KerfError(
      'no-browser',
      `CHROME_PATH names "${given}", which is not there. Set it to the browser's program.`,
    )
  }
  const onPath = (env.PATH ?? '').split(delimiter).flatMap((folder) => programs.map((name) => join(folder, name)))
  const found = [...onPath, ...places].find((path) => existsSync(path))
  if (found) return found
  throw new KerfError(
    'no-browser',
    'No Chrome, Chromium or Edge was found. Install one, or set CHROME_PATH to its program. Without --browser the models run in Node.',
  )
}

/** Headless, with a profile of its own that is thrown away, and silent: nothing but the page uses the network. */
const flags = [
  ...['--headless=new', '--remote-debugging-port=0', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--no-default-browser-check', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  ...['--disable-extensions', '--disable-background-timer-throttling', '--disable-renderer-backgrounding'],
]

export interface OpenedBrowser {
  /** Rejects when the browser ends by itself. */
  readonly failed: Promise<never>
  close(): Promise<void>
}

export function openBrowser(program: string, url: string): OpenedBrowser {
  const profile = mkdtempSync(join(tmpdir(), 'kerf-browser-'))
  // Chromium refuses to run as root with its sandbox.
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const child = spawn(program, [...flags, ...asRoot, `--user-data-dir=${profile}`, url], { stdio: 'ignore' })
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('exit', (code, signal) => resolve(`it ended with ${signal ?? `status ${code}`}`))
  })
  return {
    failed: ended.then((why) => {
      throw new KerfError('browser-failed', `${program} does not run: ${why}. Set CHROME_PATH to another one.`)
    }),
    async close() {
      child.kill()
      await ended
      // Its helpers end a little later, and write until then.
      await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
    },
  }
}
