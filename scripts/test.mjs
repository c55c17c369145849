// `npm test`: install, build, lint, types, tests; the last line is `N passed, N failed`.
// A step that is not a test (build, lint, types) counts as one. `npm test -- PATTERN` runs only the tests whose path
// contains PATTERN, against a fresh build, without lint and types.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { build, buildApart, install, root, run, runBin } from './prepare.mjs'

const filters = process.argv.slice(2)
const total = { passed: 0, failed: 0, skipped: 0 }
/** Why tests were skipped, and which files they are in: a test says it in its name, `… (skipped: why)`. */
const skippedFiles = new Map()

if (await installed()) {
  count(await build())
  count(await buildApart())
  if (filters.length === 0) await runChecks()
  await runTests()
}

// Not process.exit(), which may cut off what is still on its way to a pipe.
process.exitCode = total.failed > 0 ? 1 : 0
for (const [why, files] of skippedFiles) console.log(`Skipped: ${why} (tests in ${[...files].join(', ')})`)
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`)

async function installed() {
  const result = await install()
  if (result.code !== 0) total.failed += 1
  return result.code === 0
}

function count({ code }) {
  if (code === 0) total.passed += 1
  else total.failed += 1
}

/** Lint and types at the same time, each reported whole and in this order. */
async function runChecks() {
  const color = process.stdout.isTTY && !process.env.NO_COLOR ? 'force' : 'off'
  /** @type {[name: string, pending: ReturnType<typeof runBin>][]} */
  const checks = [
    ['Lint', runBin('@biomejs/biome', 'biome', ['ci', '--error-on-warnings', `--colors=${color}`])],
    [
      'Rooms',
      runBin('dependency-cruiser', 'depcruise', ['src', 'studio/src', 'test', 'scripts', 'bench', 'fuzz', 'kernels']),
    ],
    ['Names of operators', run(process.execPath, [join(root, 'scripts', 'operator-names.mjs')])],
    ['Types', runBin('typescript', 'tsc', ['--project', 'tsconfig.json'])],
    ['Types of the core', runBin('typescript', 'tsc', ['--project', 'tsconfig.core.json'])],
    ['Types of Studio', runBin('typescript', 'tsc', ['--project', 'studio/tsconfig.json'])],
    ['Types of scripts', runBin('typescript', 'tsc', ['--project', 'tsconfig.scripts.json'])],
  ]
  for (const [name, pending] of checks) {
    const result = await pending
    count(result)
    console.log(`${name}: ${result.code === 0 ? 'passed' : 'failed'}`)
    if (result.code !== 0) console.log(result.output)
  }
}

async function runTests() {
  const dir = mkdtempSync(join(tmpdir(), 'kerf-test-'))
  const report = join(dir, 'report.json')
  const reporters = ['default', 'json', join(root, 'scripts', 'retried.mjs')].map((name) => `--reporter=${name}`)
  const args = ['run', '--root', root, ...reporters, `--outputFile.json=${report}`]
  const { code } = await runBin('vitest', 'vitest', [...args, ...filters], { stream: true })
  const failedBefore = total.failed
  try {
    addReport(JSON.parse(readFileSync(report, 'utf8')))
  } catch {
    // No report: vitest did not get that far, and has said why; its exit status is counted below.
  }
  rmSync(dir, { recursive: true, force: true })
  // An unhandled rejection, or a pattern that matches no file, fails the run but no test of it.
  if (code !== 0 && total.failed === failedBefore) total.failed += 1
}

function addReport(report) {
  for (const file of report.testResults) {
    const statuses = file.assertionResults.map((test) => test.status)
    const failed = statuses.filter((status) => status === 'failed').length
    total.failed += failed
    total.passed += statuses.filter((status) => status === 'passed').length
    for (const { status, fullName } of file.assertionResults) {
      if (status === 'failed' || status === 'passed') continue
      total.skipped += 1
      const why = /\(skipped: (.*)\)$/.exec(fullName)?.[1] ?? 'no reason is given'
      skippedFiles.set(why, (skippedFiles.get(why) ?? new Set()).add(relative(root, file.name)))
    }
    // A file that failed without a failed test did not load.
    if (file.status === 'failed' && failed === 0) total.failed += 1
  }
}
