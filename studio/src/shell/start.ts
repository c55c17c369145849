import { Closed } from '../engine/client.ts'
import { registerOffline } from '../offline/register.ts'
import { keepInSession } from '../session-settings.ts'
import { useStore } from '../store.ts'
import { views } from '../views/views.ts'
import { findRecent, keepRecent } from './recent.ts'
import { servedNow } from './served.ts'
import { showView } from './use-view.ts'

keepInSession('view', {
  get: () => location.hash.slice(1).split('/')[0],
  set: (name) => typeof name === 'string' && views.some((view) => view.name === name) && showView(name),
})

/** What the page does by itself: it opens the model that the command was given, looks for models of before, and keeps those that are opened. */
export function start(): void {
  const { fail, open } = useStore.getState()
  addEventListener('unhandledrejection', (event) => {
    if (!(event.reason instanceof Closed)) return fail(event.reason)
    // Nor does the browser tell it as an error of the page.
    event.preventDefault()
  })
  useStore.subscribe(({ opened, source, network }, before) => {
    if (opened !== before.opened && source && network) keepRecent(source, network).catch(fail)
  })
  findRecent().catch(fail)
  servedNow()
    .then(({ byKerf, files: [first, ...others], peer }) => {
      useStore.setState({ peer })
      if (first) return open({ from: 'server', files: [first, ...others] })
      return byKerf ? undefined : registerOffline()
    })
    .catch(fail)
}
