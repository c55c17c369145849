import { statSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import type { Totals } from '../../api/cost.ts'
import { createLoader, type DataSets, type Loader, type Transform } from '../../api/data.ts'
import { openData, readModelFile, writeModelFile } from '../../api/files.node.ts'
import type { Model } from '../../api/graph.ts'
import { pruneModel } from '../../api/prune.ts'
import { createSession, hostTensor, timeInTurns } from '../../api/runtime.node.ts'
import { createSchedule, createTrainer, evaluate, parameterGroups, train } from '../../api/train.node.ts'
import { aborted, type Task } from '../../base/index.ts'
import { type Cell, human, type Report } from '../../report/index.ts'
import type { Io } from '../io.ts'
import { packageRoot } from '../package-root.ts'
import { terminalText } from '../print.ts'
import { costMetrics } from '../prune-report.ts'
import { freePath } from './free-path.ts'

const folder = join(packageRoot, 'examples', 'digits')
const network = join(folder, 'lenet5.onnx')
const ratio = 0.5
const epochs = 20
const learningRate = 0.05
const transforms: readonly Transform[] = [{ kind: 'crop', padding: 2 }]
const threads = availableParallelism()

/** One network on its way: as it came, cut, fine-tuned. */
interface Station {
  readonly header: string
  readonly cost: Totals
  readonly bytes: number | null
  readonly accuracy: number
  /** Milliseconds for one image on one thread. */
  readonly latencyMs: number | null
}

/**
 * The main job on a trained network with real data: count, remove half of the filters, fine-tune briefly, write; cost, accuracy and measured speed
 * at every station.
 */
export async function demoDigits(task: Task, io: Io): Promise<void> {
  const start = performance.now()
  const output = freePath('digits-pruned')
  const model = readModelFile(network)
  const sets = await openData({ kind: 'mnist', path: folder }, { seed: 0, ...task })
  const test = createLoader(sets.test, { batchSize: 100, transforms, training: false })
  const accuracyOf = async (m: Model) => (await evaluate(m, test, { threads, ...task })).accuracy

  io.err(`A LeNet-5 for handwritten digits; ${sets.test.count.toLocaleString('en')} of them to test it with …\n`)
  const accuracy = await accuracyOf(model)
  io.err(`  ${percent(accuracy)} right. Removing half of the filters of every layer …\n`)
  const result = await pruneModel(model, { methods: ['filter'], criterion: 'l2', scope: { ratio }, ...task })
  const cutAccuracy = await accuracyOf(result.model)
  io.err(`  ${percent(cutAccuracy)} right. Fine-tuning with ${sets.train.count.toLocaleString('en')} digits …\n`)
  const tuned = await fineTune(result.model, sets, task, io)
  const tunedAccuracy = await accuracyOf(tuned)
  io.err(`  ${percent(tunedAccuracy)} right. Measuring both networks …\n`)
  const [slow, fast] = (await latencies([model, tuned], test.shape, task)) as [number, number]
  const smaller = writeModelFile(tuned, output)
  const stations: Station[] = [
    { header: 'Before', cost: result.before, bytes: statSync(network).size, accuracy, latencyMs: slow },
    { header: 'After the cut', cost: result.after, bytes: null, accuracy: cutAccuracy, latencyMs: null },
    { header: 'Fine-tuned', cost: result.after, bytes: smaller.bytes, accuracy: tunedAccuracy, latencyMs: fast },
  ]
  io.out(terminalText(report(stations, smaller.path, test, (performance.now() - start) / 1000), io))
}

/** A few epochs with a falling learning rate; a line per epoch. */
async function fineTune(model: Model, { train: images }: DataSets, task: Task, io: Io): Promise<Model> {
  const training = createLoader(images, { batchSize: 50, transforms, seed: 0, training: true })
  const trainer = await createTrainer(model, {
    batchSize: training.batchSize,
    shape: training.shape,
    classes: training.classes,
    optimiser: { kind: 'sgd', momentum: 0.9, nesterov: true, groups: parameterGroups({ weightDecay: 5e-4 }) },
    threads,
    signal: task.signal,
  })
  try {
    const { stopped } = await train(trainer, {
      training,
      epochs,
      schedule: createSchedule({ kind: 'cosine' }, learningRate),
      threads,
      onEvent: (event) => {
        if (event.kind !== 'epoch') return
        const { epoch, imagesPerSecond } = event.metrics
        const loss = event.metrics['train/loss']!
        io.err(`  epoch ${epoch} of ${epochs}: loss ${loss.toFixed(4)}, ${Math.round(imagesPerSecond!)} images/s\n`)
      },
      ...task,
    })
    if (stopped) throw aborted('Fine-tuning', task.signal?.reason)
    return trainer.model()
  } finally {
    await trainer.dispose()
  }
}

/** Median time of one image on one thread, the networks in turn. */
async function latencies(models: readonly Model[], shape: Loader['shape'], task: Task): Promise<number[]> {
  const input = hostTensor('float32', [1, ...shape], new Float32Array(shape[0] * shape[1] * shape[2]).fill(0.5))
  const sessions = await Promise.all(
    models.map((m) => createSession(m, { inputShapes: new Map([['input', input.shape]]), signal: task.signal })),
  )
  try {
    const contenders = sessions.map((session) => ({
      async step() {
        await session.run({ input })
      },
    }))
    return (await timeInTurns(contenders, 2, task)).map((t) => t.medianMs)
  } finally {
    await Promise.all(sessions.map((session) => session.dispose()))
  }
}

const percent = (part: number): string => `${(100 * part).toFixed(2)} %`

function report(stations: readonly Station[], path: string, test: Loader, seconds: number): Report {
  const [before, , after] = stations as [Station, Station, Station]
  const over = (of: (s: Station) => number | null): Cell => of(after)! / of(before)!
  const row = (label: string, of: (s: Station) => number | null, cell: (n: number) => Cell): Cell[] => [
    label,
    ...stations.map((s) => {
      const n = of(s)
      return n === null ? '' : cell(n)
    }),
    over(of),
  ]
  const speedUp = before.latencyMs! / after.latencyMs!
  return {
    title: 'Handwritten digits: half of the filters removed, then fine-tuned',
    facts: [
      ['Accuracy', stations.map((s) => percent(s.accuracy)).join(' → ')],
      ['Speed', `${speedUp.toFixed(2)} × as fast`],
      ['Wrote', `${path} (${human(after.bytes!, 'B')})`],
    ],
    tables: [
      {
        columns: [
          { key: 'metric', header: '' },
          ...stations.map(({ header }) => ({ key: header, header, kind: 'count' as const })),
          { key: 'ratio', header: 'Last ÷ first', kind: 'ratio' as const },
        ],
        rows: [
          ...costMetrics.flatMap(([key, label]) =>
            before.cost[key] === null
              ? []
              : [
                  row(
                    label,
                    (s) => s.cost[key],
                    (n) => n,
                  ),
                ],
          ),
          row(
            'File size (bytes)',
            (s) => s.bytes,
            (n) => n,
          ),
          row(
            'Accuracy (%)',
            (s) => s.accuracy,
            (n) => (100 * n).toFixed(2),
          ),
          row(
            'Latency (ms)',
            (s) => s.latencyMs,
            (n) => n.toFixed(3),
          ),
        ],
      },
    ],
    notes: [
      `Accuracy: ${test.batches * test.batchSize} digits of MNIST's test set. Latency: one image on one thread, both networks in turn, median; ${cpus()[0]?.model.trim()}, Node ${process.version}.`,
      `${Math.round(seconds)} seconds in all. With a model of your own: npm start -- model.onnx`,
    ],
  }
}
