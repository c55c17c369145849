// A reporter of Vitest for `npm test`: names the tests that failed first and passed when they were tried again.

export default class Retried {
  /** @param {import('vitest/node').TestCase} test */
  onTestCaseResult(test) {
    if (test.diagnostic()?.flaky) this.names.push(`${test.module.relativeModuleId} > ${test.fullName}`)
  }

  onTestRunEnd() {
    for (const name of this.names) console.log(`Passed only when tried again: ${name}`)
  }

  /** @type {string[]} */
  names = []
}
