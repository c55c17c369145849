// `npm run torture -- --moments N --seed S`: the tests of commands that are killed, stopped and put on a full disk, with N moments of each kind for each command.

import { parseArgs } from 'node:util'
import { runBin } from './prepare.mjs'

const { values } = parseArgs({
  options: {
    moments: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
})
process.env.KERF_TORTURE_MOMENTS = values.moments
process.env.KERF_TORTURE_SEED = values.seed
const only = values.only === undefined ? [] : ['-t', values.only]
const { code } = await runBin('vitest', 'vitest', ['run', 'test/torture', '--reporter=verbose', ...only], {
  stream: true,
})
process.exitCode = code
