import { realpathSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Model } from '../../graph/index.ts'
import { filesOf, readModelFile, type WrittenModel, writeModelFile } from '../../onnx/index.node.ts'
import { type PruneResult, pruneModel } from '../../prune/index.ts'
import { type Cell, human } from '../../report/index.ts'
import { compareOutputs } from '../agreement.ts'
import type { Io } from '../io.ts'
import {
  loadOrt,
  type OrtModule,
  openSession,
  randomFeeds,
  timeInterleaved,
  withTemporaryFolder,
} from '../onnx-runtime.ts'
import type { InputShapes } from '../options.ts'
import { terminalText } from '../print.ts'
import { beforeAfterTable } from '../prune-report.ts'
import { freePath } from './free-path.ts'

const ratio = 0.5

/** Somebody's own network: count, remove half of the filters, write, run both, one table. Nothing is known of its data. */
export async function demoOwnModel(path: string, inputs: InputShapes | undefined, io: Io): Promise<void> {
  const model = readModelFile(path)
  const output = freePath(`${basename(path).replace(/\.onnx$/i, '')}-pruned`)
  io.err(`Pruning half of the filters of ${path} …\n`)
  const result = pruneModel(model, { methods: ['filter'], criterion: 'l2', scope: { ratio }, inputs })
  const ort = await loadOrt()
  // What cannot be run fails here, before anything is written.
  const measured = ort ? await measure(ort, model, path, result, inputs, io) : undefined
  const smaller = writeModelFile(result.model, output)
  const rows: Cell[][] = measured
    ? [
        row('File size (bytes)', measured.sizes),
        row(
          'Latency (ms, 1 thread, median)',
          measured.latency.map((t) => Number(t.toFixed(2))),
        ),
        ['Largest difference, masked – cut', '', measured.difference?.toExponential(1) ?? 'no finite output', ''],
      ]
    : []
  io.out(
    terminalText(
      {
        title: `${path}: half of the filters removed`,
        facts: [['Wrote', `${smaller.path} (${human(total(smaller), 'B')})`]],
        tables: [beforeAfterTable(result.before, result.after, rows)],
        notes: [
          measured
            ? `Latency: ONNX Runtime ${measured.version}, both networks in turn, batch ${measured.batch}.`
            : 'Not run: onnxruntime-node is not installed.',
          'The accuracy of the smaller network is not known: it needs fine-tuning, on your data: kerf train --model.',
        ],
      },
      io,
    ),
  )
}

const row = (label: string, [before, after]: readonly number[]): Cell[] => [
  label,
  before as number,
  after as number,
  (after as number) / (before as number),
]

const total = (w: WrittenModel): number => w.bytes + (w.externalBytes ?? 0)

interface Measured {
  readonly sizes: number[]
  readonly latency: number[]
  /** Undefined: no output holds a finite number. */
  readonly difference: number | undefined
  readonly version: string
  readonly batch: number
}

async function measure(
  ort: OrtModule,
  model: Model,
  path: string,
  result: PruneResult,
  inputs: InputShapes | undefined,
  io: Io,
): Promise<Measured> {
  return withTemporaryFolder(async (folder) => {
    const original = join(folder, 'original.onnx')
    writeModelFile(model, original)
    const masked = join(folder, 'masked.onnx')
    writeModelFile(result.masked as Model, masked)
    const cut = join(folder, 'cut.onnx')
    const smaller = writeModelFile(result.model, cut)
    const feeds = randomFeeds(result.model, inputs, 1)
    const maskedSession = await openSession(ort, masked, feeds, 1)
    const expected = await maskedSession.run()
    await maskedSession.release()
    const sessions = [await openSession(ort, original, feeds, 1), await openSession(ort, cut, feeds, 1)]
    const difference = compareOutputs(
      expected,
      await (sessions[1] as (typeof sessions)[0]).run(),
      result.outputs,
    )?.maxAbsDiff
    io.err('Measuring both networks …\n')
    const latency = await timeInterleaved(sessions, 5)
    for (const s of sessions) await s.release()
    // The user's own file, with its external data, not our copy of it.
    const files = [...new Set([realpathSync(path), ...filesOf(model)])]
    const before = files.reduce((sum, f) => sum + statSync(f).size, 0)
    return {
      sizes: [before, total(smaller)],
      latency,
      difference,
      version: ort.env.versions.node ?? ort.env.versions.common,
      batch: feeds[0]?.shape[0] ?? 1,
    }
  })
}
