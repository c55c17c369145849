import { correlation, Moments, momentsOf, rankCorrelation, ranks } from '../base/index.ts'
// What all experiments share: checks and verdicts, pages, their prose.

import { describe, expect, it } from 'vitest'
import type { Progress } from '../base/index.ts'
import { atLeast, atMost, control, equal, farthest, near } from './checks.ts'
import type { Experiment, Findings } from './experiment.ts'
import {
  type Check,
  experimentOf,
  experiments,
  generatedDigits,
  labHtml,
  outcomeCharts,
  outcomeJson,
  outcomeMarkdown,
  outcomeReport,
  proseHtml,
  runExperiment,
  verdictOf,
  verdictText,
} from './index.ts'
import { checkResult } from './outcome-report.ts'
import { norm, rootMeanSquare } from './statistics.ts'

const digits = async () => generatedDigits(1)

const good: Check = { what: '$a^2$', predicted: 1, measured: 1.01, within: '5 %', holds: true }

const sample = (
  checks: readonly Check[] = [good],
): Experiment<{ readonly size: number; readonly list: readonly number[] }> => ({
  name: 'sample',
  title: 'A sample <of> it',
  claim: 'It is $k^2$.',
  derivation: ['Because of $a < b$:', '$$\\frac{a}{b}$$', 'Then: $$a^2$$'],
  measures: 'What is measured.',
  data: 'No data.',
  source: 'A paper, section 1',
  settings: { quick: { size: 1, list: [1, 2] }, full: { size: 9, list: [] } },
  duration: '1 s',
  run: async ({ size }, { seed, progress }): Promise<Findings> => {
    progress?.({ what: '', done: 0.5, total: 1 })
    return {
      data: 'none & nothing',
      tables: [
        {
          title: 'Numbers',
          columns: [
            { key: 'n', header: 'N', kind: 'count' },
            { key: 'text', header: 'Text' },
          ],
          rows: [
            [size, { text: 'a|b', latex: 'a' }],
            [seed, null],
          ],
        },
      ],
      charts: [
        {
          title: 'Line',
          xLabel: 'x',
          series: [
            {
              name: 'y',
              points: [
                [0, 0],
                [1, size],
              ],
            },
          ],
        },
      ],
      checks,
      notes: ['A note with $x_1$.'],
    }
  },
})

describe('checks', () => {
  it('hold within their bounds, edges included', () => {
    expect(near('', 100, 105, 0.05)).toMatchObject({ holds: true, within: '5 %' })
    expect(near('', 100, 94.9, 0.05).holds).toBe(false)
    expect(near('', -100, -104, 0.05).holds).toBe(true)
    expect(near('', 100, Number.NaN, 0.05).holds).toBe(false)
    expect([atLeast('', 2, 2).holds, atLeast('', 2, 1.9).holds, atLeast('', 2, Number.NaN).holds]).toEqual([
      true,
      false,
      false,
    ])
    expect([atMost('', 2, 2).holds, atMost('', 2, 2.1).holds, atMost('', 2, Number.NaN).holds]).toEqual([
      true,
      false,
      false,
    ])
    expect([equal('', 0, 0).holds, equal('', 'a', 'b').holds]).toEqual([true, false])
    expect(
      farthest([
        { predicted: 1, measured: 1.1 },
        { predicted: 10, measured: 8 },
      ]),
    ).toEqual({ predicted: 10, measured: 8 })
  })

  it('make a verdict: all hold, and all controls fail', () => {
    const bad = { ...good, holds: false }
    expect(verdictOf([good])).toBe(true)
    expect(verdictOf([good, control(bad)])).toBe(true)
    expect(verdictOf([good, bad])).toBe(false)
    // A test that a wrong statement passes shows nothing.
    expect(verdictOf([good, control(good)])).toBe(false)
    expect(verdictOf([])).toBe(false)
    expect([good, bad, control(good), control(bad)].map(checkResult)).toEqual([
      'holds',
      'does not hold',
      'holds, and should not',
      'fails, as it should',
    ])
    expect(verdictText({ holds: true, checks: [good] })).toBe('The claim holds.')
    expect(verdictText({ holds: false, checks: [good, bad, control(good)] })).toBe(
      'The claim does not hold: 2 of 3 statements came out otherwise.',
    )
  })
})

describe('statistics', () => {
  it('mean and variance, norms', () => {
    const m = momentsOf([1, 2, 3, 4])
    expect([m.count, m.mean, m.variance]).toEqual([4, 2.5, 1.25])
    expect(new Moments().variance).toBeNaN()
    expect([norm([3, 4]), rootMeanSquare([3, 4, 0, 0])]).toEqual([5, 2.5])
  })

  it('correlations of values and of ranks', () => {
    expect([...ranks([10, 30, 20, 20])]).toEqual([1, 4, 2.5, 2.5])
    expect(rankCorrelation([1, 2, 3], [1, 10, 100])).toBeCloseTo(1, 12)
    expect(correlation([1, 2, 3], [1, 10, 100])).toBeLessThan(0.95)
    expect(rankCorrelation([1, 2, 3], [5, 4, 3])).toBeCloseTo(-1, 12)
    expect(rankCorrelation([1, 2, 3], [1, 1, 1])).toBeNaN()
  })
})

describe('an outcome', () => {
  it('has the settings asked for, and reports progress', async () => {
    const seen: Progress[] = []
    const quick = await runExperiment(sample(), { seed: 3, digits, progress: (p) => seen.push(p) })
    expect(quick).toMatchObject({ seed: 3, full: false, settings: { size: 1 }, holds: true })
    expect(seen).toEqual([0.5, 1].map((done) => ({ what: 'sample', done, total: 1 })))
    expect((await runExperiment(sample(), { seed: 0, full: true, digits })).settings).toEqual({ size: 9, list: [] })
  })

  it('reads the same in all media', async () => {
    const outcome = await runExperiment(sample(), { seed: 3, digits })
    expect(outcomeReport(outcome).facts).toContainEqual(['Claim', 'It is k².'])
    expect(outcomeReport(outcome).facts).toContainEqual(['Settings', 'quick: size 1; list 1, 2; seed 3'])
    const layers = [{ channels: 8, size: 14 }, 'all']
    expect(outcomeReport({ ...outcome, settings: { layers } }).facts).toContainEqual([
      'Settings',
      'quick: layers 8×14, all; seed 3',
    ])
    expect(outcomeCharts(outcome)).toContain('y 1')
    expect(outcomeJson(outcome)).toMatchObject({
      name: 'sample',
      holds: true,
      tables: [
        {
          title: 'Numbers',
          rows: [
            { n: 1, text: 'a|b' },
            { n: 3, text: null },
          ],
        },
      ],
      checks: [good],
    })
    const page = outcomeMarkdown(outcome, 'sample.svg')
    expect(page).toContain('# A sample \\<of\\> it\n')
    expect(page).toContain('Because of $a < b$:\n\n$$\n\\frac{a}{b}\n$$\n\nThen:\n\n$$\na^2\n$$\n')
    expect(page).toContain('![Line](sample.svg)')
    expect(page).toContain('| 1 | a\\|b |')
    expect(page).toContain('| a² | 1 | 1.01 | 5 % | holds |')
    expect(outcomeMarkdown(outcome)).not.toContain('![')
  })

  it('is a page without anything from elsewhere', async () => {
    const outcomes = [
      await runExperiment(sample(), { seed: 3, digits }),
      await runExperiment(sample([{ ...good, holds: false }]), { seed: 3, digits }),
    ]
    const html = labHtml('The <lab>', outcomes, [['Kerf', '1 & 2']])
    expect(html).toContain('<title>The &lt;lab&gt;</title>')
    expect(html).toContain('<dd>1 &amp; 2</dd>')
    expect(html).toContain('✓ holds</span>')
    expect(html).toContain('✗ does not hold</span>')
    expect(html.match(/<math/g)?.length).toBeGreaterThanOrEqual(10)
    expect(html).toContain('<svg ')
    // Names of namespaces are no addresses that are fetched.
    expect(html.replace(/xmlns="[^"]*"/g, '')).not.toMatch(/https?:|<script src|<link|@import|url\(/)
  })
})

describe('all experiments', () => {
  it('are found by their names; one that there is not is an error with those that there are', async () => {
    expect(experimentOf('speed')).toBe(experiments.find((e) => e.name === 'speed'))
    expect(experimentOf(sample()).name).toBe('sample')
    await expect(runExperiment('speeed', { seed: 0, digits })).rejects.toMatchObject({
      code: 'unknown-experiment',
      message: expect.stringMatching(
        /^There is no experiment "speeed"\. Did you mean "speed"\? There are: similarity, /,
      ),
    })
  })

  it('have names of their own and prose whose formulas are ones', () => {
    expect(new Set(experiments.map((e) => e.name)).size).toBe(experiments.length)
    for (const e of experiments) {
      expect(e.name).toMatch(/^[a-z-]+$/)
      expect(Object.keys(e.settings.quick)).toEqual(Object.keys(e.settings.full))
      for (const prose of [e.claim, e.measures, e.data, ...e.derivation]) {
        expect(() => proseHtml(prose), `${e.name}: ${prose}`).not.toThrow()
        expect(proseHtml(prose)).not.toContain('$')
      }
    }
  })

  it('a formula that is none is refused', () => {
    expect(() => proseHtml('$\\frac{a$')).toThrow(/cannot be typeset: there is a { without its }/)
  })
})
