// Other people's networks: the ONNX files of nine npm packages, each counted, run against ONNX Runtime, pruned and swapped by the commands that a user
// has. What fails is in the table with what the command said.
//
//     npm run bench -- files [--package NAME,…] [--file NAME,…] [--largest MiB] [--seconds PER-COMMAND] [--json FILE]

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kerf } from './command.mjs'
import { benchOptions } from './options.mjs'
import { packageFiles, packages } from './packages.mjs'

/** @param {string[]} args */
export async function benchmark(args = []) {
  const names = packages.map((p) => p.name)
  const defaults = { package: names, file: ['all'], largest: 30, seconds: 300 }
  const options = benchOptions(args, defaults, { package: names })
  const all = await packageFiles(options.package)
  const asked = all.filter((f) => options.file.includes('all') || options.file.includes(f.name))
  const small = asked.filter((f) => statSync(f.path).size <= options.largest * 2 ** 20)
  const folder = mkdtempSync(join(tmpdir(), 'kerf-files-'))
  const results = []
  try {
    console.log(
      `${small.length} files of ${new Set(small.map((f) => f.package)).size} packages; times are medians, one thread; "differs" is the largest difference from ONNX Runtime as a part of the largest value\n`,
    )
    for (const line of head) console.log(line)
    for (const file of small) {
      const result = await loop(file, folder, options.seconds)
      results.push(result)
      console.log(row(result))
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  for (const { name, failures } of results)
    for (const [step, why] of Object.entries(failures)) console.log(`- ${name}, ${step}: ${why}`)
  const large = asked.filter((f) => !small.includes(f))
  if (large.length > 0)
    console.log(`Left out, larger than ${options.largest} MiB (--largest): ${large.map((f) => f.name).join(', ')}.`)
  if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`)
  return results.filter((r) => r.failures.profile ?? r.failures.run).length
}

/** What a user would do with one file. */
async function loop({ package: from, name, path, inputs }, folder, seconds) {
  const given = inputs.flatMap((text) => ['--input', text])
  const failures = {}
  const step = async (label, ...command) => {
    const { json, why } = await kerf([...command, '--json'], seconds)
    if (!json) failures[label] = why
    return json
  }
  const profile = await step('profile', 'profile', path, ...given)
  const bench = await step('run', 'bench', path, ...given, '--against', 'ort-node', '--seconds', '0.5')
  const prune = await step(
    'prune',
    'prune',
    path,
    ...given,
    '--ratio',
    '0.5',
    '-o',
    join(folder, 'pruned.onnx'),
    '--force',
  )
  const swap = await step(
    'swap',
    'swap',
    path,
    ...given,
    '--to',
    'adder',
    '-o',
    join(folder, 'swapped.onnx'),
    '--force',
  )
  const [own, theirs] = bench?.contenders ?? []
  return {
    package: from,
    name,
    counted: profile && (profile.totals.partial.length === 0 ? 'all' : 'partial'),
    params: profile?.totals.params,
    macs: profile?.totals.macs,
    differs: theirs?.maxRelDiff,
    kerfMs: own?.medianMs,
    ortMs: theirs?.medianMs,
    notices: bench?.notices ?? [],
    prune: prune && {
      removed: prune.groups.reduce((sum, g) => sum + g.channels - g.kept, 0),
      channels: prune.groups.reduce((sum, g) => sum + g.channels, 0),
      macs: prune.after.macs / prune.before.macs,
      check: prune.check,
    },
    swapped: swap?.swapped.length,
    failures,
  }
}

const columns = [
  'package',
  'file',
  'counted',
  'parameters',
  'MMAC',
  'differs',
  'ms',
  'ONNX Runtime ms',
  'pruned at 0.5',
  'check',
  'swapped',
]
const head = [`| ${columns.join(' | ')} |`, `|${columns.map(() => '---').join('|')}|`]

const number = (value, digits) => (value === undefined ? '–' : value.toFixed(digits))
const part = (value) => (value === undefined || value === null ? '–' : value === 0 ? '0' : value.toExponential(0))

function row({ package: from, name, counted = '–', params, macs, differs, kerfMs, ortMs, prune, swapped, failures }) {
  const failed = (step) => (failures[step] ? 'no' : '–')
  return `| ${[
    from,
    name,
    counted,
    params?.toLocaleString('en') ?? failed('profile'),
    macs === undefined ? '–' : number(macs / 1e6, macs < 1e7 ? 2 : 0),
    kerfMs === undefined ? failed('run') : part(differs),
    number(kerfMs, 1),
    number(ortMs, 1),
    prune
      ? `${prune.removed} of ${prune.channels}${prune.macs > 0 ? `, ${number(prune.macs, 2)} of the MACs` : ''}`
      : failed('prune'),
    prune ? part(prune.check?.maxRelDiff) : '–',
    swapped === undefined ? failed('swap') : swapped,
  ].join(' | ')} |`
}
