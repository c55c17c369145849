import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nets } from '../../nets/index.ts'
import { pruneModel, type TimeTable } from '../../prune/index.ts'
import { formulaRuntime } from '../../testing/formula-runtime.ts'
import {
  measureTimes,
  ortTiming,
  parseTimeTable,
  predictTime,
  pruneInTime,
  type TimingRuntime,
  timeCut,
  timeTableText,
} from '../index.ts'
import { readTimeTable, timeTablePath, writeTimeTable } from './table-file.node.ts'

const network = nets.resnet20({ batch: 1, inputSize: 8 })

describe('measured times', () => {
  it('are measured once: a table that has them is taken as it is', async () => {
    const timing = formulaRuntime()
    const table = await measureTimes(network, { timing })
    expect(table.on).toEqual(timing.on)
    expect(table.networks).toHaveLength(3)
    // Every layer at several widths.
    const points = Object.values(table.layers)
    expect(Math.max(...points.map((p) => p.length))).toBeGreaterThanOrEqual(8)
    const runs = timing.runs
    expect(await measureTimes(network, { timing, table })).toEqual(table)
    expect(timing.runs).toBe(runs)
    expect(await measureTimes(network, { timing: formulaRuntime() })).toEqual(table)
    await expect(measureTimes(network, { timing: formulaRuntime(2), table })).rejects.toMatchObject({
      code: 'other-table',
      message: expect.stringMatching(
        /1 thread of paper; here it is formula 1 on 2 threads .* so that a new one is made/,
      ),
    })
  })

  it('predict, and a target is reached as measured', async () => {
    const timing = formulaRuntime()
    const times = await measureTimes(network, { timing })
    const { budget } = await pruneModel(network, { target: { of: 'milliseconds', part: 0.5, times } })
    expect(budget).toMatchObject({ of: 'milliseconds', allocate: 'cost' })
    const kept: TimeTable[] = []
    const { result, measured } = await pruneInTime(
      network,
      { target: { of: 'milliseconds', part: 0.5, times } },
      { timing, onTimes: (table) => kept.push(table) },
    )
    const [before, after] = await timing.time(
      [network, result.model].map((model) => ({ model, feeds: { input: zeros } })),
      1,
    )
    expect(measured.beforeMs).toBeCloseTo(before!, 6)
    expect(measured.afterMs).toBeCloseTo(after!, 6)
    expect(Math.abs(budget!.after / before! / 0.5 - 1)).toBeLessThan(0.1)
    expect(after! / before!).toBeLessThan(0.52)
    expect(after! / before!).toBeGreaterThan(0.45)
    expect(result.budget!.kept).toBeLessThanOrEqual(result.budget!.bound + 1e-9)
    // One ratio for all keeps less.
    const uniform = await pruneModel(network, {
      target: { of: 'milliseconds', part: 0.5, times: kept.at(-1), allocate: 'uniform' },
    })
    expect(result.budget!.kept).toBeGreaterThan(uniform.budget!.kept)
    // A cut network is of the same layers: nothing has to be measured for it but what no width was near.
    expect(kept.at(-1)!.networks.length).toBeGreaterThan(3)
  })

  it('predict any cut as a target does, and are corrected by one that was measured', async () => {
    const timing = formulaRuntime()
    const times = await measureTimes(network, { timing })
    const { model, budget } = await pruneModel(network, { target: { of: 'milliseconds', part: 0.5, times } })
    expect(predictTime(network, times).ms).toBeCloseTo(budget!.before, 6)
    expect(predictTime(model, times).ms / budget!.after).toBeCloseTo(1, 2)
    const { times: corrected, ...timed } = await timeCut(network, model, times, { timing })
    const [before, after] = await timing.time(
      [network, model].map((model) => ({ model, feeds: { input: zeros } })),
      1,
    )
    expect(timed.predictedMs).toBeCloseTo(predictTime(model, times).ms, 9)
    expect(timed.afterMs / timed.beforeMs).toBeCloseTo(after! / before!, 9)
    expect(predictTime(model, corrected).ms).toBeCloseTo(timed.afterMs, 9)
  })

  it('are given as they come, and what a stop left is all that is measured', async () => {
    const timing = formulaRuntime()
    const controller = new AbortController()
    let kept: TimeTable | undefined
    const onTimes = (table: TimeTable) => {
      kept = table
      controller.abort()
    }
    await expect(measureTimes(network, { timing, onTimes, signal: controller.signal })).rejects.toMatchObject({
      code: 'aborted',
    })
    const whole = await measureTimes(network, { timing })
    const points = (table: TimeTable) => Object.values(table.layers).flat().length
    expect(points(kept!)).toBeGreaterThan(0)
    expect(points(kept!)).toBeLessThan(points(whole))
    const later: number[] = []
    const rest = await measureTimes(network, { timing, table: kept, onTimes: (table) => later.push(points(table)) })
    expect(later[0]).toBeGreaterThan(points(kept!))
    const sorted = (table: TimeTable) =>
      Object.fromEntries(
        Object.entries(table.layers).map(([key, all]) => [key, all.toSorted((a, b) => a.macs - b.macs || a.ms - b.ms)]),
      )
    expect(sorted(rest)).toEqual(sorted(whole))
  })

  it('that miss the target are said, and the cut that is nearest is given', async () => {
    // Cut networks take far more than their layers, and the second of them the most.
    const plain = formulaRuntime()
    let cuts = 0
    const timing: TimingRuntime = {
      ...plain,
      async time(runs, seconds) {
        const [before, after, ...more] = await plain.time(runs, seconds)
        return runs.length === 2
          ? [before!, after! * (++cuts === 2 ? 3 : 2)]
          : [before!, after!, ...more].slice(0, runs.length)
      },
    }
    const times = await measureTimes(network, { timing: plain })
    const { result, measured } = await pruneInTime(
      network,
      { target: { of: 'milliseconds', part: 0.5, times } },
      { timing, rounds: 2 },
    )
    expect(cuts).toBe(2)
    expect(measured.rounds).toBe(2)
    expect(measured.predictedMs / measured.beforeMs).toBeCloseTo(0.5, 1)
    expect(measured.afterMs).toBeGreaterThan(1.3 * result.budget!.limit)
    expect(measured.afterMs).toBeLessThan(2.3 * result.budget!.limit)
    expect(result.warnings.at(-1)).toMatch(/The target of .* ms was not reached: .* ms were measured, .* ms predicted/)
  })

  it('say the most that can be reached', async () => {
    const times = await measureTimes(network, { timing: formulaRuntime() })
    const target = { of: 'milliseconds', value: 0.011, times } as const
    await expect(pruneModel(network, { target })).rejects.toMatchObject({
      code: 'unreachable-target',
      message: expect.stringMatching(/Even with every group as narrow as .* ms remain; 0.011 ms were asked for/),
    })
    await expect(pruneModel(network, { target: { ...target, value: 1e6 } })).rejects.toMatchObject({
      code: 'nothing-to-prune',
    })
  })

  it('are needed for a target in milliseconds, of these layers', async () => {
    const target = { of: 'milliseconds', part: 0.5 } as const
    await expect(pruneModel(network, { target })).rejects.toMatchObject({ code: 'no-times' })
    const times = await measureTimes(nets.lenet5_bn({ batch: 1 }), { timing: formulaRuntime() })
    await expect(pruneModel(network, { target: { ...target, times } })).rejects.toThrow(/has no times of a layer/)
  })

  it('say what to install where onnxruntime-web is not given', async () => {
    await expect(ortTiming({ name: 'ort-web' })).rejects.toMatchObject({
      code: 'not-installed',
      message: expect.stringContaining('npm install onnxruntime-web'),
    })
  })

  it('are kept in a file, which is refused where it is damaged', async () => {
    const table = await measureTimes(nets.lenet5_bn({ batch: 1 }), { timing: formulaRuntime() })
    expect(parseTimeTable(timeTableText(table))).toEqual(table)
    const folder = mkdtempSync(join(tmpdir(), 'kerf-times-'))
    try {
      const path = join(folder, 'deep', 'times.json')
      expect(readTimeTable(path)).toBeUndefined()
      writeTimeTable(path, table)
      expect(readTimeTable(path)).toEqual(table)
      expect(readdirSync(join(folder, 'deep'))).toEqual(['times.json'])
      const text = timeTableText(table)
      const damaged = [
        '',
        text.slice(0, 200),
        '{}',
        text.replace(/"ms":[\d.e-]+/, '"ms":-1'),
        text.replace('kerf-times-2', 'x'),
      ]
      for (const bytes of damaged) {
        writeFileSync(path, bytes)
        expect(() => readTimeTable(path)).toThrow(
          /times\.json is no table of measured times: .* Remove it, and it is measured anew/,
        )
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
    const one = timeTablePath(table.on)
    expect(one).toMatch(/kerf.times.formula-1-[0-9a-f]{12}\.json$/)
    expect(timeTablePath({ ...table.on, machine: 'another' })).not.toBe(one)
  })
})

const zeros = { elementType: 'float32' as const, shape: [1, 3, 8, 8], data: new Float32Array(192) }
