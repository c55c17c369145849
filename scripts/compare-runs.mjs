// Draws the accuracy curves of several trainings into one picture.
//
//     node scripts/compare-runs.mjs runs/a runs/b … > curves.svg

import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { lineChartsSvg } from '../dist/api/report.js'

const runs = process.argv.slice(2).map((folder) => ({
  name: basename(folder),
  metrics: readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line)),
}))
if (runs.length === 0) throw new Error('Folders of trainings are missing: node scripts/compare-runs.mjs runs/a runs/b')
/** @returns {import('../dist/api/report.js').LineChart} */
const chart = (title, quantity) => ({
  title,
  xLabel: 'epoch',
  yFormat: 'percent',
  series: runs.map(({ name, metrics }) => ({ name, points: metrics.map((m) => [m.epoch, m[quantity]]) })),
})
process.stdout.write(
  lineChartsSvg([
    chart('Accuracy on validation images', 'validation/accuracy'),
    chart('Accuracy on training images', 'train/accuracy'),
  ]),
)
