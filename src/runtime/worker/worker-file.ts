import type { Request } from './messages.ts'
import { serveSession } from './serve-session.ts'

/*
 * The file `kerf/worker`, for sessions. The build puts `workerSource` before this, which has taken the messages for threads: one file for both, so that a page has
 * to serve one.
 */

const runThread = self.onmessage
const isBlob = self.location.protocol === 'blob:'
const serve = serveSession((reply, transfer) => self.postMessage(reply, transfer), {
  // The threads of the session start from this file, too: it is allowed, since it runs.
  workerUrl: isBlob ? undefined : self.location.href,
})

self.onmessage = (event: MessageEvent<Request | { readonly kind?: undefined }>) => {
  const { data } = event
  if (data.kind === undefined) runThread?.call(self, event)
  else serve(data)
}
