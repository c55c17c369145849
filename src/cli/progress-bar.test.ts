import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { kerf } from './in-process.ts'
import { run } from './main.ts'
import { ProgressBar, progressText } from './progress-bar.ts'
import { withTask } from './task.ts'

function terminal(columns = 100) {
  const written: string[] = []
  return { written, stream: { columns, write: (text: string) => written.push(text) > 0 } }
}

describe('the progress bar', () => {
  it('says what is known', () => {
    const steps = { what: 'training', done: 250, total: 1000, unit: 'steps', from: 50 }
    expect(progressText(steps, 10)).toBe('training  25 %  250 of 1,000 steps  38 s left')
    expect(progressText({ ...steps, total: 10_000 }, 10)).toBe('training  2 %  250 of 10,000 steps  9 min left')
    expect(progressText({ ...steps, total: 1_000_000 }, 10)).toBe(
      'training  0 %  250 of 1,000,000 steps  13 h 54 min left',
    )
    expect(progressText({ what: 'calibrating', done: 1234, unit: 'images' }, 1)).toBe('calibrating  1,234 images')
    expect(progressText({ what: 'measuring', done: 500, total: 3000, unit: 'ms' }, 0.5)).toBe(
      'measuring  16 %  3 s left',
    )
    expect(progressText({ what: 'planning', done: 1, total: 3 }, 0)).toBe('planning  33 %')
  })

  it('is one line as wide as the terminal, drawn seldom, and goes away', () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(0)
    const { written, stream } = terminal(30)
    const bar = new ProgressBar(stream)
    const at = (done: number) => bar.draw({ what: 'planning', done, total: 10 }, () => 'and what else there is to say')
    at(0)
    at(1)
    now.mockReturnValue(150)
    at(5)
    bar.clear()
    bar.clear()
    expect(written).toEqual([
      `\r${'░'.repeat(20)}  plannin\u001b[K`,
      `\r${'█'.repeat(10)}${'░'.repeat(10)}  plannin\u001b[K`,
      '\r\u001b[K',
    ])
    now.mockRestore()
  })

  it('is cleared before anything else is written, and when the work is done', async () => {
    const { written, stream } = terminal()
    const out = (text: string) => void written.push(text)
    const io = { out, err: out, color: false, terminal: stream as unknown as NodeJS.WriteStream }
    const before = process.listenerCount('SIGINT')
    await withTask(io, async (task, { err }) => {
      expect(process.listenerCount('SIGINT')).toBe(before + 1)
      task.note = ({ what }) => `${what}!`
      task.progress({ what: 'a', done: 1 })
      err('said\n')
      task.progress({ what: 'a', done: 2 })
    })
    expect(written).toEqual(['\ra  a!\u001b[K', '\r\u001b[K', 'said\n', '\ra  a!\u001b[K', '\r\u001b[K'])
    expect(process.listenerCount('SIGINT')).toBe(before)
  })
})

it('a signal ends a command with its status, a second one the process', async () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never)
  const before = process.listenerCount('SIGTERM')
  const running = kerf('bench', 'net:lenet5_bn', '--seconds', '60')
  while (process.listenerCount('SIGTERM') === before) await new Promise((resolve) => setImmediate(resolve))
  process.emit('SIGTERM')
  expect(exit).not.toHaveBeenCalled()
  process.emit('SIGTERM')
  expect(exit).toHaveBeenCalledWith(143)
  exit.mockRestore()
  expect(await running).toMatchObject({
    status: 143,
    out: '',
    err: expect.stringMatching(/^kerf: .* was stopped\.\n$/),
  })
})

it('a training shows its bar, with the loss', async () => {
  const { written, stream } = terminal(200)
  const io = { out: () => {}, err: () => {}, color: false, terminal: stream as unknown as NodeJS.WriteStream }
  const data = ['--data', 'generated', '--set', 'data.trainImages=64', '--set', 'data.testImages=40', '--threads', '1']
  const folder = mkdtempSync(join(tmpdir(), 'kerf-bar-'))
  const status = await run(
    ['train', '--net', 'lenet5_bn', ...data, '-e', '1', '-b', '16', '-o', join(folder, 'run')],
    io,
  )
  rmSync(folder, { recursive: true })
  expect(status).toBe(0)
  expect(written.join('')).toMatch(/training {2}\d+ % {2}\d+ of 3 steps .*epoch 0\.\d+\/1 loss \d\.\d{4} .* images\/s/)
  expect(written.at(-1)).toBe('\r\u001b[K')
})
