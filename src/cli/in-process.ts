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
