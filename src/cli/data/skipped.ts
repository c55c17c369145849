import type { SkippedImage } from '../../api/data.ts'

/** So many are named. */
const shown = 5

/** What could not be used, by name, and why: the first of them, and how many more; empty where there is nothing. */
export function skippedText(skipped: readonly SkippedImage[]): string {
  if (skipped.length === 0) return ''
  const more = skipped.length - shown
  return [
    `${skipped.length.toLocaleString('en')} could not be used and ${skipped.length === 1 ? 'is' : 'are'} left out:`,
    ...skipped.slice(0, shown).map(({ name, reason }) => `  ${name}: ${reason}`),
    ...(more > 0 ? [`  and ${more.toLocaleString('en')} more`] : []),
  ]
    .map((line) => `${line}\n`)
    .join('')
}
