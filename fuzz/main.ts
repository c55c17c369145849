// The command: cases of a seed, for some minutes or for a number of them; what is found is made smaller and kept.

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { seededRandom, seedFrom } from '../src/base/index.ts'
import { reasonFor } from './explained.ts'
import { isFinding, type Outcome, signatureOf, type Target } from './outcome.ts'
import { Runner } from './runner.ts'
import { shrink } from './shrink.ts'
import { targets } from './targets/index.ts'
import { caseOf } from './worker.ts'

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    cases: { type: 'string' },
    graphs: { type: 'string' },
    from: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    differential: { type: 'boolean', default: false },
    processes: { type: 'string', default: String(Math.min(4, availableParallelism())) },
    output: { type: 'string', default: 'out/fuzz' },
    replay: { type: 'string' },
    tries: { type: 'string', default: '600' },
  },
})
const only = options.differential ? 'differential' : options.only

/** @throws Error where an option is no number: NaN would be no case at all, and nothing found */
function numberOf(name: 'minutes' | 'seed' | 'from' | 'processes' | 'tries' | 'cases' | 'graphs'): number {
  const value = Number(options[name])
  if (options[name] === '' || !(value >= 0))
    throw new Error(`--${name} ${options[name]}: a number, 0 or more, is wanted.`)
  return value
}

const seed = numberOf('seed')
/** A case depends on the seed and its number alone, so that any can be the first. */
const first = numberOf('from')
const count = options.cases !== undefined ? 'cases' : options.graphs !== undefined ? 'graphs' : undefined
const end = count ? first + numberOf(count) : Infinity
const deadline = count ? Infinity : Date.now() + 60_000 * numberOf('minutes')

/** The kind of the case of this number: always the same of a seed. */
function targetOf(index: number): Target {
  if (only !== undefined) {
    const target = targets.get(only)
    if (!target) throw new Error(`--only ${only}: the kinds are ${[...targets.keys()].join(', ')}.`)
    return target
  }
  const list = [...targets.values()]
  let at = seededRandom(seedFrom(seed, `kind ${index}`)).below(list.reduce((sum, { weight }) => sum + weight, 0))
  return list.find(({ weight }) => {
    at -= weight
    return at < 0
  })!
}

/** What does the case of this number alone. */
const caseCommand = (index: number): string =>
  `npm run fuzz --${only === undefined ? '' : ` --only ${only}`} --seed ${seed} --from ${index} --cases 1`

/** Keeps a finding, with a text beside it that says what it is. */
function keep(target: Target, bytes: Uint8Array, outcome: Outcome, origin: string): string {
  mkdirSync(options.output, { recursive: true })
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 10)
  const path = join(options.output, `${target.name}-${outcome.kind}-${hash}.${target.extension}`)
  writeFileSync(path, bytes)
  const replay = `npm run fuzz -- --replay ${relative('.', path)}`
  writeFileSync(`${path}.txt`, `${signatureOf(outcome)}\n${origin}\n${replay}\n\n${outcome.message}\n`)
  return replay
}

async function replay(path: string): Promise<void> {
  const target = targets.get(basename(path).split('-')[0]!)
  if (!target)
    throw new Error(`--replay ${path}: the name does not begin with a kind: ${[...targets.keys()].join(', ')}.`)
  const runner = new Runner()
  const outcome = await runner.run({ target: target.name, from: readFileSync(path) })
  runner.end()
  console.log(`${signatureOf(outcome)}\n${outcome.message}`)
  if (isFinding(outcome)) process.exitCode = 1
}

async function campaign(): Promise<void> {
  const start = Date.now()
  const counts = new Map<string, number>()
  const found = new Map<string, number>()
  const kept = new Set<string>()
  let next = first
  const add = (list: Map<string, number>, key: string) => list.set(key, (list.get(key) ?? 0) + 1)
  const work = async () => {
    const runner = new Runner()
    while (next < end && Date.now() < deadline) {
      const index = next++
      const target = targetOf(index)
      const outcome = await runner.run({ target: target.name, from: { seed, index } })
      const reason = isFinding(outcome) ? reasonFor(target.name, outcome) : undefined
      add(counts, `${target.name}: ${reason ? `explained (${reason})` : outcome.kind}`)
      if (outcome.kind === 'typed') add(counts, `${target.name}:   ${outcome.what}`)
      if (!isFinding(outcome) || reason) continue
      const signature = `${target.name} ${signatureOf(outcome)}`
      add(found, signature)
      // Wrong numbers look alike until the network is small.
      if (found.get(signature)! > (outcome.kind === 'wrong' ? 5 : 1)) continue
      const bytes = await caseOf(target.name, seed, index)
      const again = (smaller: Uint8Array) => runner.run({ target: target.name, from: smaller })
      const tries = outcome.kind === 'hang' ? 40 : numberOf('tries')
      const small = await shrink(target, bytes, outcome, again, tries)
      const left = await again(small)
      const operators = new Set([...left.message.matchAll(/^(\w+)\(/gm)].map(([, name]) => name))
      const key = [signature, ...[...operators].sort()].join(' ')
      if (kept.has(key)) continue
      kept.add(key)
      console.log(`${key}\n  ${keep(target, small, left, `${caseCommand(index)}, ${bytes.length} bytes before`)}`)
    }
    runner.end()
  }
  await Promise.all(Array.from({ length: numberOf('processes') }, work))
  for (const [what, number] of [...counts].sort()) console.log(`${String(number).padStart(8)}  ${what}`)
  for (const [what, number] of found) console.log(`${String(number).padStart(8)}  FOUND ${what}`)
  const total = (next - first).toLocaleString('en')
  console.log(`seed ${seed}: ${total} cases in ${((Date.now() - start) / 1000).toFixed(0)} s, ${found.size} findings`)
  if (found.size > 0) process.exitCode = 1
}

if (options.replay !== undefined) await replay(options.replay)
else await campaign()
