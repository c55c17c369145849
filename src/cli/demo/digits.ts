import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { openData, readModelFile, writeModelFile } from '../../api/files.node.ts'
import { slim } from '../../api/workflow.node.ts'
import type { Task } from '../../base/index.ts'
import type { Io } from '../io.ts'
import { packageRoot } from '../package-root.ts'
import { terminalText } from '../print.ts'
import { slimReport, stageText } from '../slim/report.ts'
import { freePath } from './free-path.ts'

const folder = join(packageRoot, 'examples', 'digits')
const network = join(folder, 'lenet5.onnx')

/** What each stage means, for whoever sees it the first time. */
const explained: Readonly<Record<string, string>> = {
  given:
    'Digits that nothing else sees judge every network. Channels that matter least are cut, then the layers are fitted to what they gave …',
  distilled: 'That was not enough, so the network was taught by the one it was.',
}

/**
 * The main job on a trained network with real data: cut, recover, distil where that is needed, judge, in rounds; then write. Cost, accuracy and measured time, before
 * and after.
 */
export async function demoDigits(task: Task, io: Io): Promise<void> {
  const start = performance.now()
  const output = freePath('digits-slim')
  const model = readModelFile(network)
  const { train, test } = await openData({ kind: 'mnist', path: folder }, { seed: 0, ...task })
  io.err(
    `A LeNet-5 for handwritten digits is to do with a third of its MACs, and to lose no more than a point of accuracy.\n`,
  )
  const told = new Set<string>()
  const result = await slim(
    model,
    {
      ...{
        images: train,
        test,
        transforms: [{ kind: 'crop', padding: 2 }],
        targetMacs: 1 / 3,
        maxDrop: 0.01,
        rounds: 3,
      },
      ...{ epochs: 15, learningRate: 0.05, threads: availableParallelism() },
      onStage: (stage) => {
        io.err(`  ${stageText(stage)}\n`)
        const text = explained[stage.kind]
        if (text !== undefined && !told.has(text)) io.err(`${text}\n`)
        if (text !== undefined) told.add(text)
      },
      onNotice: (text) => io.err(`kerf: ${text}\n`),
    },
    task,
  )
  const written = writeModelFile(result.model, output)
  const notes = [
    `Accuracy on ${test.count.toLocaleString('en')} digits of MNIST's test set was measured once, at the end; ${cpus()[0]?.model.trim()}, Node ${process.version}.`,
    `${Math.round((performance.now() - start) / 1000)} seconds in all. With a model of your own: npm start -- model.onnx, and with your images kerf slim model.onnx -o small.onnx --data photos/`,
  ]
  io.out(terminalText(slimReport(result, { path: 'Handwritten digits', model, written, notes }, false), io))
}
