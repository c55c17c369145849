// Experiments and formulas in Kerf Studio, with and without a model; against the library.

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { evaluateFormulas, formulas, Polynomial } from '../../src/api/cost.node.ts'
import { splitSet, subset } from '../../src/api/data.ts'
import { experiments, generatedDigits, outcomeJson, runExperiment } from '../../src/api/lab.ts'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { digitFolder, labelledDigits } from './digits.ts'
import { lenet, useFolder } from './files.ts'
import { useStudio, type Visit } from './harness.ts'

describeBrowser('the lab of Kerf Studio', () => {
  const studio = useStudio()
  const path = useFolder()

  async function openLab(options = {}): Promise<Visit> {
    const visit = await studio.visit(options)
    await visit.page.getByRole('button', { name: /^Lab/ }).click()
    await visit.page.getByRole('heading', { name: experiments[0]!.title }).waitFor()
    return visit
  }

  async function choose({ page }: Visit, name: string): Promise<void> {
    const { title } = experiments.find((e) => e.name === name)!
    await page.getByRole('combobox', { name: 'Which' }).click()
    await page.getByRole('option', { name: title }).click()
    await page.getByRole('heading', { name: title }).waitFor()
  }

  async function exported({ page }: Visit, format: string): Promise<string> {
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export' }).click()
    await page.getByRole('menuitem', { name: format }).first().click()
    await (await download).saveAs(path(format))
    await page.getByRole('menu').waitFor({ state: 'detached' })
    return readFileSync(path(format), 'utf8')
  }

  it('runs an experiment without a model, and gives what the command line gives', async () => {
    const visit = await openLab()
    const { page, accessible, fits, picture } = visit
    await choose(visit, 'variance')
    await page.getByRole('textbox', { name: 'samples' }).fill('500')
    await page.getByRole('textbox', { name: 'Seed' }).fill('3')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByText('The claim').first().waitFor({ timeout: 60_000 })
    await page.getByRole('region', { name: 'Charts' }).getByRole('img').waitFor()
    await accessible()
    await fits()
    await picture('lab')
    const json = JSON.parse(await exported(visit, 'JSON'))
    const experiment = experiments.find(({ name }) => name === 'variance')!
    const settings = { ...experiment.settings.quick, samples: 500 }
    const own = await runExperiment(
      { ...experiment, settings: { quick: settings, full: settings } },
      { seed: 3, digits: async () => generatedDigits(3) },
    )
    const expected = JSON.parse(JSON.stringify(outcomeJson(own)))
    for (const key of ['name', 'seed', 'settings', 'data', 'holds']) expect(json[key], key).toEqual(expected[key])
    // Engines differ in the last digits of sines and logarithms, and threads in the order of sums.
    for (const [i, { what, measured }] of own.checks.entries()) {
      expect(json.checks[i].what).toBe(what)
      if (typeof measured === 'number')
        expect(Math.abs(json.checks[i].measured - measured), what).toBeLessThan(1e-3 * Math.abs(measured))
    }
    expect(json.timeMs).toBeGreaterThan(0)
    expect(await exported(visit, 'Markdown')).toContain(`# ${experiment.title}`)
    expect(await exported(visit, 'HTML')).toContain('<math')
    expect((await exported(visit, 'CSV')).split('\r\n')[0]).toBe(own.tables[0]!.columns.map((c) => c.key).join(','))
  })

  it('takes pictures of one’s own, without a model and with one', async () => {
    const visit = await openLab({ colorScheme: 'dark' })
    const { page, open, accessible, fits, picture } = visit
    await choose(visit, 'operations')
    expect(await page.getByRole('group', { name: 'Pictures' }).count()).toBe(0)
    await choose(visit, 'variance')
    await page.getByLabel('A folder of pictures').setInputFiles(await digitFolder(path('digits'), 60))
    await page.getByText('60 pictures of 10 classes').waitFor()
    await page.getByRole('textbox', { name: 'samples' }).fill('500')
    const run = async () => {
      await page.getByRole('button', { name: 'Run', exact: true }).click()
      await page.getByText('The claim').first().waitFor({ timeout: 60_000 })
      return JSON.parse(await exported(visit, 'JSON'))
    }
    const json = await run()
    await accessible()
    await fits()
    await picture('lab-own-pictures')
    // The same ones in Node: files in the order of their paths.
    const { set } = await labelledDigits(60)
    const paths = [...set.labels].map((label, i) => ({ path: `digits/${label}/${i}.png`, i }))
    const inOrder = paths.toSorted((a, b) => (a.path < b.path ? -1 : 1)).map(({ i }) => i)
    const { part, rest } = splitSet(subset(set, inOrder), 0.2, 0, 'test')
    const experiment = experiments.find(({ name }) => name === 'variance')!
    const settings = { ...experiment.settings.quick, samples: 500 }
    const name = 'own pictures, 48 to learn from and 12 to test, of 10 classes'
    const own = await runExperiment(
      { ...experiment, settings: { quick: settings, full: settings } },
      { seed: 0, digits: async () => ({ name, sets: { train: rest, test: part } }) },
    )
    expect(json.data).toBe(own.data)
    expect(json.data).toContain(name)
    for (const [i, { what, measured }] of own.checks.entries())
      if (typeof measured === 'number')
        expect(Math.abs(json.checks[i].measured - measured), what).toBeLessThan(1e-3 * Math.abs(measured))
    await page.getByLabel('Take these pictures').uncheck()
    expect((await run()).data).toContain('generated pictures')
    // They are there for whatever looks at some.
    await open(lenet)
    await page.getByRole('tab', { name: 'Train' }).click()
    await page.getByText('60 pictures of 10 classes').first().waitFor()
  })

  it('says what is wrong with a setting, what is done in Node alone, and stops', async () => {
    const visit = await openLab({ viewport: { width: 360, height: 740 }, colorScheme: 'dark' })
    const { page, accessible, fits, picture } = visit
    await choose(visit, 'filter-pruning')
    await page.getByText('In Node alone: Another network').waitFor()
    await choose(visit, 'gradients')
    await page.getByRole('textbox', { name: 'epochs' }).fill('many')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByRole('alert').getByText('The setting epochs cannot be "many"').waitFor()
    await accessible()
    await fits()
    await picture('lab-narrow')
    await page.getByText('Full: minutes').click()
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' })
    // The worker was ended; the next run has another.
    await choose(visit, 'operations')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByText('The claim').first().waitFor({ timeout: 60_000 })
    await page.getByRole('button', { name: '‹ Start' }).click()
    await page.getByRole('heading', { name: 'See what a network costs' }).waitFor()
  })

  it('works out formulas as sliders move, and keeps what was found while models come', async () => {
    const visit = await openLab()
    const { page, open, accessible, fits, picture } = visit
    await choose(visit, 'operations')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByText('The claim').first().waitFor({ timeout: 60_000 })
    await page.getByText('Formulas', { exact: true }).click()
    const costs = page.getByRole('table', { name: /^For H = 56, W = 56, C = 104/ })
    await page.getByRole('slider', { name: 'C', exact: true }).focus()
    await page.keyboard.press('ArrowRight')
    const r = Polynomial.constant(4).over(16)
    const numbers = evaluateFormulas(formulas(), { H: 56, W: 56, C: 104, k: 3, t: 6, r, g: 4, n: 2 })
    const separable = numbers.find(({ formula }) => formula.key === 'separable')!
    await costs
      .first()
      .getByRole('row', { name: separable.formula.name })
      .getByText(separable.costs!.macs.toLocaleString('en'), { exact: true })
      .first()
      .waitFor()
    await page.getByRole('radiogroup', { name: 'Curves along' }).getByText('k', { exact: true }).click()
    await page.getByRole('region', { name: 'Curves along k' }).waitFor()
    await page.locator('pre', { hasText: '--c 104' }).filter({ hasText: '--plot k=1..11' }).waitFor()
    await accessible()
    await fits()
    await picture('formulas')
    await open(lenet)
    await page.getByRole('tab', { name: 'Lab', exact: true }).click()
    await page.getByText('The claim').first().waitFor()
  })
})
