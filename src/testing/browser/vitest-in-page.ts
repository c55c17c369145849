// What stands for `vitest` in a page: its own parts, bundled for a browser, and what runs files of tests there.

import { chai, JestAsymmetricMatchers, JestChaiExpect, JestExtend } from '@vitest/expect'
import { startTests, type Task, type VitestRunner } from '@vitest/runner'

export { afterAll, afterEach, beforeAll, beforeEach, describe, it } from '@vitest/runner'

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin)
export const expect = chai.expect

export interface PageResults {
  readonly passed: number
  readonly skipped: number
  /** Names of tests, and what they said. */
  readonly failed: readonly string[]
}

/** @param files what loads each, by name */
export async function runInPage(files: Readonly<Record<string, () => Promise<unknown>>>): Promise<PageResults> {
  const runner: VitestRunner = {
    config: {
      name: undefined,
      root: '/',
      setupFiles: [],
      passWithNoTests: false,
      sequence: { shuffle: false, concurrent: false, seed: 0, hooks: 'stack', setupFiles: 'list' },
      maxConcurrency: 1,
      testTimeout: 120_000,
      hookTimeout: 120_000,
      retry: 0,
      includeTaskLocation: false,
      testNamePattern: undefined,
      allowOnly: true,
      chaiConfig: undefined,
      tags: [],
      tagsFilter: undefined,
      strictTags: false,
    },
    importFile: (path) => files[path]!(),
  }
  const found = await startTests(Object.keys(files), runner)
  const tests = found.flatMap(testsOf)
  return {
    passed: tests.filter((t) => t.result?.state === 'pass').length,
    skipped: tests.filter((t) => t.mode === 'skip').length,
    failed: [...found, ...tests]
      .filter((t) => t.result?.state === 'fail' && (t.type === 'test' || t.result.errors))
      .map((t) => `${t.name}: ${t.result?.errors?.map((e) => e.message).join('; ') ?? ''}`),
  }
}

const testsOf = (task: Task): Task[] => (task.type === 'suite' ? task.tasks.flatMap(testsOf) : [task])
