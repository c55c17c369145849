// `kerf bench --browser`: two models in turns in headless Chromium.

import { expect, it } from 'vitest'
import { nets } from '../../nets/index.ts'
import { hostTensor } from '../../runtime/index.node.ts'
import { describeBrowser } from '../../testing/browser/chromium.ts'
import { bundlePage } from '../../testing/browser/server.ts'
import { timeInBrowser } from './browser.ts'
import { findBrowser } from './chrome.ts'

const entrant = (width: number) => ({
  path: `${width}.onnx`,
  model: nets.resnet20({ batch: 1, inputSize: width }),
  feeds: new Map([['input', hostTensor('float32', [1, 3, width, width], new Float32Array(3 * width * width))]]),
})

describeBrowser('models in a browser', () => {
  it.skipIf(process.env.CHROME_PATH === undefined && !onPath())(
    'are timed on as many threads as asked for',
    async () => {
      const notices: string[] = []
      const page = await bundlePage('../../cli/bench/browser-page.ts')
      const { machine, timings } = await timeInBrowser([entrant(16), entrant(32)], {
        ...{ threads: 2, seconds: 0.1, page },
        onNotice: (text) => notices.push(text),
      })
      expect(notices).toEqual([])
      expect(machine.browser).toMatch(/^(Chrome|Chromium|Edg) \d/)
      expect(machine.threads).toBe(2)
      expect(timings).toHaveLength(2)
      for (const { medianMs, runs } of timings) {
        expect(medianMs).toBeGreaterThan(0)
        expect(runs).toBeGreaterThanOrEqual(5)
      }
    },
  )

  it.skipIf(process.env.CHROME_PATH === undefined && !onPath())('say why they do not run', async () => {
    const page = await bundlePage('../../cli/bench/browser-page.ts')
    const wrong = { ...entrant(16), feeds: new Map([['other', hostTensor('float32', [1], [0])]]) }
    const options = { threads: 1, seconds: 0.1, page, onNotice: () => {} }
    await expect(timeInBrowser([wrong], options)).rejects.toThrow(/^The browser could not measure: .*other/)
  })
})

/** Whether Kerf finds a browser without being told. */
function onPath(): boolean {
  try {
    return findBrowser() !== ''
  } catch {
    return false
  }
}
