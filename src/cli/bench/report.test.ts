import { expect, it } from 'vitest'
import { profileModel } from '../../cost/index.ts'
import { GraphBuilder } from '../../graph/index.ts'
import { toTerminal } from '../../report/index.ts'
import { type BenchResult, benchReport } from './report.ts'

it('a measurement marks counts and rates of what is not counted in full', () => {
  const b = new GraphBuilder('odd')
  b.output(b.node('Mystery', [b.input('x', 'float32', [1])], {}, { domain: 'com.example' }))
  const { totals, unsupported } = profileModel(b.model())
  const timing = { medianMs: 2, fastestMs: 1, slowestMs: 3, runs: 10, deviationMs: 0 }
  const kerf = { name: 'Kerf', version: '1', ...timing, macsPerSecond: 5e8, ratio: 1, maxRelDiff: 0 }
  const result = {
    model: 'odd.onnx',
    inputs: [],
    machine: { cpu: 'a CPU', cores: 1, node: 'v20', threads: 1 },
    limit: { macsPerSecond: 1e10 },
    totals: { ...totals, macs: 1_000_000 },
    unsupported,
    contenders: [kerf],
    memory: undefined,
    notices: [],
  } as unknown as BenchResult
  const text = toTerminal(benchReport(result))
  expect(text).toMatch(/^Counted +at least 1\.00 MMAC, at least 0 B read and written$/m)
  expect(text).toMatch(/^Not counted +1 node \(com\.example\.Mystery\)$/m)
  expect(text).toMatch(/^Kerf .* ≥ 0\.50 +≥ 5\.0 %/m)
})
