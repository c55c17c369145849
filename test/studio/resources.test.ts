// What opening a model costs the page: time of its own thread, and memory.

import type { CDPSession, Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { buildNet } from '../../src/api/nets.ts'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { lenet, useFolder, writeDeep, writeLarge } from './files.ts'
import { useStudio } from './harness.ts'
import { fileOf } from './models.ts'
import { longestTaskMs, mayTakeMs } from './tasks.ts'

/** Closes the model as a person does. */
async function close(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Open', exact: true }).click()
  await page.getByRole('menuitem', { name: /^Close/ }).click()
  await page.getByRole('heading', { name: 'See what a network costs' }).waitFor()
}

/** Of the page and its workers, after what is not needed was thrown away: bytes of JavaScript's heaps. */
async function heaps(page: Page): Promise<{ page: number; workers: readonly number[] }> {
  const session = await page.context().newCDPSession(page)
  const workers: string[] = []
  const answers = new Map<string, (result: { usedSize: number }) => void>()
  session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
    if (targetInfo.type === 'worker') workers.push(sessionId)
  })
  session.on('Target.receivedMessageFromTarget', ({ sessionId, message }) => {
    const { id, result } = JSON.parse(message)
    answers.get(`${sessionId} ${id}`)?.(result)
  })
  let last = 0
  const ask = (sessionId: string, method: string) =>
    new Promise<{ usedSize: number }>((resolve) => {
      const id = ++last
      answers.set(`${sessionId} ${id}`, resolve)
      void session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) })
    })
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false })
  const own = await used(session)
  const theirs: number[] = []
  for (const worker of workers) {
    await ask(worker, 'HeapProfiler.collectGarbage')
    theirs.push((await ask(worker, 'Runtime.getHeapUsage')).usedSize)
  }
  await session.detach()
  return { page: own, workers: theirs }
}

/** Bytes of all that is reachable but code, which grows while it is made faster. */
async function used(session: CDPSession): Promise<number> {
  let text = ''
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => {
    text += chunk
  })
  // Twice: what finalizers let go is collected the second time.
  for (let i = 0; i < 2; i++) await session.send('HeapProfiler.collectGarbage')
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
  const { snapshot, nodes } = JSON.parse(text) as {
    snapshot: { meta: { node_fields: string[]; node_types: [string[]] } }
    nodes: number[]
  }
  const { node_fields: fields, node_types } = snapshot.meta
  const [type, size, code] = [fields.indexOf('type'), fields.indexOf('self_size'), node_types[0].indexOf('code')]
  let sum = 0
  for (let at = 0; at < nodes.length; at += fields.length) if (nodes[at + type] !== code) sum += nodes[at + size]!
  return sum
}

describeBrowser('resources', () => {
  const studio = useStudio()
  const at = useFolder()

  it('are given back: memory is the same after 20 models', { timeout: 300_000 }, async () => {
    const { page, open } = await studio.visit()
    const files = [lenet, writeDeep(at('deep.onnx'), 2000), writeLarge(at('large.onnx'), 4)]
    const openAndClose = async (times: number) => {
      for (let i = 0; i < times; i++) {
        await open(files[i % files.length]!)
        await close(page)
      }
    }
    // What is loaded once, and stays. Both rounds end with the same file: React keeps what it showed last.
    await openAndClose(8)
    const before = await heaps(page)
    await openAndClose(20)
    const after = await heaps(page)
    // One worker waits for the next model.
    expect([before.workers.length, after.workers.length]).toEqual([1, 1])
    expect(after.page).toBeLessThan(1.1 * before.page)
    expect(after.workers[0]).toBeLessThan(1.1 * before.workers[0]!)
  })

  it.each([
    ['small', 0],
    ['of 10,000 nodes', 10_000],
  ])('are left to the page: a model that is %s takes no task of more than 50 ms', async (_, nodes) => {
    const model = nodes === 0 ? lenet : writeDeep(at('tasks.onnx'), nodes)
    const { page, open } = await studio.visit()
    await open(lenet)
    await close(page)
    const longest = await longestTaskMs(studio.browser(), page, () => open(model), 500)
    expect(longest).toBeLessThanOrEqual(mayTakeMs)
  })

  it('are left to the page: no view that is opened takes a task of more than 50 ms', async () => {
    const { page, open } = await studio.visit({ hash: '#run' })
    await open(await fileOf(buildNet('resnet18'), 'resnet18.onnx'))
    const titles = await page.getByRole('tab').allTextContents()
    const tasks: Record<string, number> = {}
    for (const title of titles) {
      const show = async () => {
        await page.getByRole('tab', { name: title, exact: true }).click()
        // Of Train its form comes last.
        if (title === 'Train') await page.getByRole('group', { name: 'Recipe' }).waitFor()
      }
      tasks[title] = await longestTaskMs(studio.browser(), page, show, 1000)
    }
    await page.getByRole('tab', { name: 'Train' }).click()
    tasks.recipe = await longestTaskMs(studio.browser(), page, () => page.getByText('Everything else').click())
    expect(Object.entries(tasks).filter(([, ms]) => ms > 50)).toEqual([])
  })
})
