// An experiment of one's own: a claim, what is measured, and a control that must fail. Kerf runs it as one of its own and writes its report:
// node examples/own-experiment.mjs

import { profileModel } from 'kerf'
import { checksTable, outcomeReport, runExperiment, verdictText } from 'kerf/lab'
import { buildBlock } from 'kerf/nets'
import { toTerminal } from 'kerf/report'

const separable = {
  name: 'separable',
  title: 'What a separable convolution saves',
  claim: 'It takes $1/C_{out} + 1/k^2$ of the multiplications of the ordinary one.',
  derivation: [
    'An ordinary convolution takes $k^2 C_{in} C_{out}$ multiplications per pixel, a depthwise one $k^2 C_{in}$, and the pointwise one behind it $C_{in} C_{out}$.',
  ],
  measures: 'The MACs of both layers as Kerf counts them, over several widths.',
  data: 'None: networks are counted, not run.',
  source: 'Howard et al., MobileNets, 2017, section 3.1',
  settings: { quick: { kernel: 3, widths: [16, 64, 256] }, full: { kernel: 3, widths: [16, 32, 64, 128, 256, 512] } },
  duration: '1 s',

  async run({ kernel, widths }) {
    const macsOf = (name, channels) =>
      profileModel(buildBlock(name, { inChannels: channels, kernel, inputSize: 14, bare: true })).totals.macs
    const parts = widths.map((c) => ({ c, part: macsOf('separable', c) / macsOf('regular', c) }))
    const check = (what, law) => {
      const worst = parts.reduce((a, b) => (Math.abs(b.part - law(b.c)) > Math.abs(a.part - law(a.c)) ? b : a))
      const [predicted, measured] = [law(worst.c), worst.part]
      return { what, predicted, measured, holds: Math.abs(measured - predicted) < 1e-12 }
    }
    return {
      data: `${widths.length} widths`,
      tables: [
        {
          title: 'MACs of a separable convolution as a part of those of an ordinary one',
          columns: [
            { key: 'channels', header: 'Channels', kind: 'count' },
            { key: 'part', header: 'Part', kind: 'ratio' },
          ],
          rows: parts.map(({ c, part }) => [c, part]),
        },
      ],
      charts: [],
      checks: [
        check('$1/C_{out} + 1/k^2$', (c) => 1 / c + 1 / kernel ** 2),
        // A wrong law, put to the same test: it must not hold.
        { ...check('$1/k^2$ alone', () => 1 / kernel ** 2), control: true },
      ],
    }
  },
}

const digits = () => Promise.reject(new Error('This experiment looks at no digits.'))
const outcome = await runExperiment(separable, { seed: 0, digits })
console.log(toTerminal(outcomeReport(outcome)))
console.log(toTerminal({ title: verdictText(outcome), facts: [], tables: [checksTable(outcome.checks)] }))
