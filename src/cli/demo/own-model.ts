import { realpathSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { filesOf, readModelFile, type WrittenModel, writeModelFile } from '../../api/files.node.ts'
import { pruneModel } from '../../api/prune.ts'
import { prove } from '../../api/workflow.node.ts'
import type { Task } from '../../base/index.ts'
import { type Cell, human, shortNumber } from '../../report/index.ts'
import { entrantOf, timeHere } from '../bench/models.ts'
import type { Io } from '../io.ts'
import type { InputShapes } from '../options.ts'
import { terminalText } from '../print.ts'
import { beforeAfterTable } from '../prune-report.ts'
import { freePath } from './free-path.ts'

const ratio = 0.5

/** Somebody's own network: count, remove half of the filters, write, run both, one table. Nothing is known of its data. */
export async function demoOwnModel(path: string, inputs: InputShapes | undefined, task: Task, io: Io): Promise<void> {
  const model = readModelFile(path)
  const output = freePath(`${basename(path).replace(/\.onnx$/i, '')}-pruned`)
  io.err(`Pruning half of the filters of ${path} …\n`)
  const result = await pruneModel(model, { methods: ['filter'], criterion: 'l2', scope: { ratio }, inputs, ...task })
  // What cannot be run fails here, before anything is written.
  const { check, why } = await prove(result, { inputs, given: model, signal: task.signal })
  io.err('Measuring both networks …\n')
  const entrants = [await entrantOf(path, model, inputs), await entrantOf(output, result.model, inputs)]
  const { timings } = await timeHere(entrants, {
    threads: 1,
    seconds: 5,
    onNotice: (text) => io.err(`kerf: ${text}\n`),
    ...task,
  })
  const smaller = writeModelFile(result.model, output)
  // The user's own file, with its external data.
  const files = [...new Set([realpathSync(path), ...filesOf(model)])]
  const rows: Cell[][] = [
    row('File size (bytes)', [files.reduce((sum, file) => sum + statSync(file).size, 0), total(smaller)]),
    row(
      'Latency (ms, 1 thread, median)',
      timings.map((t) => Number(t.medianMs.toPrecision(3))),
    ),
    ...(check ? [['Largest difference, masked – cut', '', shortNumber(check.maxAbsDiff), '']] : []),
  ]
  const batch = [...(entrants[0]?.feeds.values() ?? [])][0]?.shape[0] ?? 1
  io.out(
    terminalText(
      {
        title: `${path}: half of the filters removed`,
        facts: [['Wrote', `${smaller.path} (${human(total(smaller), 'B')})`]],
        tables: [beforeAfterTable(result.before, result.after, rows)],
        notes: [
          ...(why ? [why] : []),
          `Latency: Kerf's runtime, both networks in turn, batch ${batch}.`,
          'The accuracy of the smaller network is not known: it needs fine-tuning, on your data: kerf train --model.',
        ],
      },
      io,
    ),
  )
}

const row = (label: string, [before, after]: readonly number[]): Cell[] => [label, before!, after!, after! / before!]

const total = (w: WrittenModel): number => w.bytes + (w.externalBytes ?? 0)
