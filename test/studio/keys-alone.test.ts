// From a model to a smaller one that is saved, without a mouse: every part is reached by Tab, and the focus is never lost.

import { expect, it } from 'vitest'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { useStudio } from './harness.ts'

describeBrowser('keys alone', () => {
  const studio = useStudio()

  it('open, prune, cut, recover, save, and go back', { timeout: 120_000 }, async () => {
    const { page } = await studio.visit()
    const press = (...keys: string[]) =>
      keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve())
    const focus = () => page.evaluate(focused)
    /** Tab until something has the focus. */
    const reach = async (name: string, key = 'Tab') => {
      const passed: string[] = []
      for (let i = 0; i < 60; i++) {
        const now = await focus()
        if (now.startsWith(name)) return
        passed.push(now)
        await press(key)
      }
      throw new Error(`${name} is not reached: ${passed.join(', ')}`)
    }
    await reach('Digits')
    await press('Enter')
    await page.getByTestId('described').waitFor({ state: 'attached' })
    await press('Alt+6')
    await page.getByRole('table', { name: 'Groups of channels' }).waitFor()
    expect(await focus()).toBe('Prune')
    await reach('Cut and prove')
    await press('Enter')
    await page.getByRole('navigation', { name: 'Steps' }).waitFor()
    expect(await focus()).toBe('Cut and prove')
    await reach('The digits')
    await press('Enter')
    await page.getByText(/pictures of 10 classes/).waitFor()
    expect(await focus()).toBe('The digits')
    await reach('Of use')
    await press('ArrowRight')
    expect(await focus()).toBe('Solve')
    await reach('Recover')
    await press('Enter')
    await page.getByRole('table', { name: 'What recovery did' }).waitFor({ timeout: 60_000 })
    expect(await focus()).toBe('Recover')
    await reach('Save the model')
    const download = page.waitForEvent('download')
    await press('Enter')
    expect((await download).suggestedFilename()).toBe('lenet5-2.onnx')
    await reach('Undo', 'Shift+Tab')
    await press('Enter')
    await page.getByRole('banner').getByText('lenet5-1.onnx').waitFor()
    await press('Enter')
    await page.getByRole('banner').getByText('lenet5.onnx').waitFor()
    // There is nothing more to undo.
    expect(await focus()).toBe('Undo')
    await press('Enter', 'Alt+4')
    await page.getByRole('tabpanel', { name: 'Compare' }).waitFor()
  })

  it('open a network by what is typed of its name', async () => {
    const { page, shown } = await studio.visit()
    await page.getByRole('button', { name: 'A network by name …' }).focus()
    await page.keyboard.press('Enter')
    const field = page.getByRole('combobox', { name: 'A network by name' })
    await field.waitFor()
    await page.keyboard.type('squeezenet')
    await page
      .getByRole('option', { name: /squeezenet/ })
      .first()
      .waitFor()
    await page.keyboard.press('Enter')
    await shown('squeezenet1_1')
  })
})

/** Run in the page: what has the focus, by its name; `hidden` where that is not seen. */
function focused(): string {
  interface Focused {
    readonly tagName: string
    readonly textContent: string
    readonly labels?: Iterable<{ readonly textContent: string }>
    getAttribute(name: string): string | null
    getBoundingClientRect(): { readonly top: number; readonly bottom: number }
  }
  interface Page {
    readonly document: { readonly activeElement: Focused }
    readonly innerHeight: number
  }
  const page = globalThis as unknown as Page
  const { activeElement } = page.document
  if (activeElement.tagName === 'BODY') return 'nothing'
  const { top, bottom } = activeElement.getBoundingClientRect()
  const [label] = activeElement.labels ?? []
  const name = activeElement.getAttribute('aria-label') ?? label?.textContent ?? activeElement.textContent
  return bottom < 0 || top > page.innerHeight ? `hidden ${name}` : name
}
