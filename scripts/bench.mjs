// `npm run bench [-- name … [--options]]`: measures what Kerf promises, as a user gets it: whole processes, wall-clock time, peak memory.
// Names the machine, the versions and the threads. Timing lives here, never in tests.

import { cpus, totalmem } from 'node:os'
import { OptionError } from '../bench/options.mjs'
import { build, install, run } from './prepare.mjs'

for (const step of [install, build]) {
  const { code } = await step()
  if (code !== 0) process.exit(code)
}

const benchmarks = {
  profile: '../bench/profile.mjs',
  prune: '../bench/prune.mjs',
  conv: '../bench/conv.mjs',
  adder: '../bench/adder.mjs',
  'adder-network': '../bench/adder-network.mjs',
  networks: '../bench/networks.mjs',
  partial: '../bench/partial.mjs',
  fusing: '../bench/fusing.mjs',
  swap: '../bench/swap.mjs',
  files: '../bench/files.mjs',
  train: '../bench/train.mjs',
  'text-direction': '../bench/text-direction.mjs',
  'graph-frames': '../bench/graph-frames.mjs',
}
const given = process.argv.slice(2)
const firstOption = given.findIndex((arg) => arg.startsWith('-'))
const wanted = firstOption < 0 ? given : given.slice(0, firstOption)
const options = firstOption < 0 ? [] : given.slice(firstOption)
const unknown = wanted.filter((name) => !(name in benchmarks))
if (unknown.length > 0) {
  console.error(`Unknown benchmark ${unknown.join(', ')}. There are: ${Object.keys(benchmarks).join(', ')}.`)
  process.exit(2)
}

const commit = await run('git', ['rev-parse', '--short', 'HEAD'])
console.log(
  `${cpus()[0]?.model}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB; Node ${process.version}; commit ${commit.code === 0 ? commit.output.trim() : 'unknown'}\n`,
)
let missed = 0
for (const [name, file] of Object.entries(benchmarks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const { benchmark } = await import(new URL(file, import.meta.url).href)
  try {
    missed += await benchmark(options)
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    console.error(error.message)
    process.exit(2)
  }
  console.log()
}
console.log(missed === 0 ? 'Every target is met.' : `${missed} ${missed === 1 ? 'target is' : 'targets are'} missed.`)
