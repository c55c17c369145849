import { type Progress, withoutControls } from '../base/index.ts'
import { human } from '../report/index.ts'

/** Seldom enough to cost nothing, often enough to look smooth. */
const everyMs = 100
const cells = 20

/** The last line of a terminal, which says how far something is. */
export class ProgressBar {
  readonly #terminal: Pick<NodeJS.WriteStream, 'write' | 'columns'>
  #what: string | undefined
  #began = 0
  #drawn = Number.NEGATIVE_INFINITY
  #isThere = false

  constructor(terminal: Pick<NodeJS.WriteStream, 'write' | 'columns'>) {
    this.#terminal = terminal
  }

  /** @param note what is said besides */
  draw(progress: Progress, note?: (progress: Progress) => string): void {
    const now = performance.now()
    if (progress.what !== this.#what) {
      this.#what = progress.what
      this.#began = now
    }
    if (now - this.#drawn < everyMs) return
    this.#drawn = now
    this.#isThere = true
    const line = [barText(progress), progressText(progress, (now - this.#began) / 1000), note?.(progress) ?? '']
    const text = withoutControls(line.filter((part) => part !== '').join('  '))
    this.#terminal.write(`\r${[...text].slice(0, (this.#terminal.columns ?? 80) - 1).join('')}\u001b[K`)
  }

  clear(): void {
    if (this.#isThere) this.#terminal.write('\r\u001b[K')
    this.#isThere = false
    this.#drawn = Number.NEGATIVE_INFINITY
  }
}

function barText({ done, total }: Progress): string {
  if (total === undefined) return ''
  const full = Math.min(cells, Math.floor((cells * done) / Math.max(total, 1e-9)))
  return '█'.repeat(full) + '░'.repeat(cells - full)
}

/** `train-images.gz  42 %  4.2 MB of 9.9 MB  1.3 MB/s  4 s left`, as much of it as is known. */
export function progressText({ what, done, total, unit, from = 0 }: Progress, seconds: number): string {
  const rate = seconds > 0 ? (done - from) / seconds : 0
  const isCounted = unit !== undefined && unit !== 'ms'
  const amount = (n: number) => (unit === 'bytes' ? human(n, 'B') : n.toLocaleString('en'))
  const counted = total === undefined ? amount(done) : `${amount(done)} of ${amount(total)}`
  return [
    what,
    ...(total === undefined ? [] : [`${Math.floor((100 * done) / Math.max(total, 1e-9))} %`]),
    ...(isCounted
      ? [unit === 'bytes' ? counted : `${counted} ${(total ?? done) === 1 ? unit.replace(/s$/, '') : unit}`]
      : []),
    ...(unit === 'bytes' && rate > 0 ? [`${amount(rate)}/s`] : []),
    ...(rate > 0 && total !== undefined ? [`${timeText((total - done) / rate)} left`] : []),
  ].join('  ')
}

/** `4 s`, `12 min`, `3 h 20 min`. */
export function timeText(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 120) return `${whole} s`
  const minutes = Math.ceil(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
