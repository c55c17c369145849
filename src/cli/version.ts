import { readFileSync } from 'node:fs'

/** Kerf's version. From src/cli and from dist/cli alike. */
export function version(): string {
  return (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string })
    .version
}
