import { spawn } from 'node:child_process'

/*
 * The browser that a person has chosen, by the program that each system has for it. The usual package for this brings ten others to every installation of
 * Kerf; of what they know, only this is needed: the address is Kerf's own, of plain characters.
 */

/** Program and arguments. */
export function openerOf(
  url: string,
  { platform = process.platform, env = process.env }: { platform?: NodeJS.Platform; env?: NodeJS.ProcessEnv } = {},
): readonly [string, ...string[]] {
  if (platform === 'darwin') return ['open', url]
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', url]
  // Windows' own browser, from inside of its Linux.
  if (env.WSL_DISTRO_NAME) return ['rundll32.exe', 'url.dll,FileProtocolHandler', url]
  return ['xdg-open', url]
}

/** Whether there is a screen to show a page on. */
export const hasScreen = ({ platform, env }: { platform: NodeJS.Platform; env: NodeJS.ProcessEnv } = process) =>
  platform === 'darwin' ||
  platform === 'win32' ||
  [env.DISPLAY, env.WAYLAND_DISPLAY, env.WSL_DISTRO_NAME].some((value) => value !== undefined && value !== '')

/** @returns whether the program could be started; whether a page appears, it does not say */
export function openPage(url: string): Promise<boolean> {
  const [program, ...args] = openerOf(url)
  const child = spawn(program, args, { stdio: 'ignore', detached: true })
  return new Promise((resolve) => {
    child.once('error', () => resolve(false))
    child.once('spawn', () => {
      child.unref()
      resolve(true)
    })
  })
}
