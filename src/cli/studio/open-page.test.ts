import { expect, it } from 'vitest'
import { openerOf } from './open-page.ts'

it('opens the browser that each system has chosen', () => {
  const url = 'http://127.0.0.1:5373/?token=a-b_c'
  expect(openerOf(url, { platform: 'darwin', env: {} })).toEqual(['open', url])
  expect(openerOf(url, { platform: 'win32', env: {} })).toEqual(['rundll32', 'url.dll,FileProtocolHandler', url])
  expect(openerOf(url, { platform: 'linux', env: {} })).toEqual(['xdg-open', url])
  expect(openerOf(url, { platform: 'linux', env: { WSL_DISTRO_NAME: 'Debian' } })[0]).toBe('rundll32.exe')
})
