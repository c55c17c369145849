// Opening models in Kerf Studio, as a person does it.

import { expect, it } from 'vitest'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { useStudio } from './harness.ts'

const lenet = 'examples/digits/lenet5.onnx'

describeBrowser('Kerf Studio', () => {
  const studio = useStudio()

  it('shows a model that is picked', async () => {
    const { page, open, picture } = await studio.visit()
    await open(lenet)
    await page.getByRole('tab', { name: 'Costs' }).click()
    await page.getByText('Conv').first().waitFor()
    expect(await page.title()).toContain('Kerf Studio')
    await picture('picked')
  })
})
