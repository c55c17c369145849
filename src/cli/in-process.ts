import { run } from './main.ts'

/** For tests: the command line, in this process: its exit status and what it prints, without colours. */
export async function kerf(...argv: string[]): Promise<{ status: number; out: string; err: string }> {
  let [out, err] = ['', '']
  const status = await run(argv, {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    color: false,
  })
  return { status, out, err }
}

/** The same, stopped by Ctrl-C as soon as it listens. */
export async function stoppedKerf(...argv: string[]): ReturnType<typeof kerf> {
  const before = process.listenerCount('SIGINT')
  const running = kerf(...argv)
  while (process.listenerCount('SIGINT') === before) await new Promise((resolve) => setImmediate(resolve))
  process.emit('SIGINT')
  return running
}
