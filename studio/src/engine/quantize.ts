import { KerfError, type Model, modelBytes, type Progress } from 'kerf'
import { quantisableLayers, quantize } from 'kerf/rewrite'
import { imagesFor, QualityJudge } from 'kerf/workflow'
import { usualThreads } from '../threads.ts'
import type { Pictures } from './picture-set.ts'
import type { Quantisable, QuantizeOutcome, QuantizeWish } from './quantize-types.ts'
import { quoted } from './quoted.ts'
import type { WorkState } from './swap-types.ts'
import { threadedRuntime } from './threaded-runtime.ts'

/*
 * Adder layers in codes of few bits: ranges from pictures, and what that does to every tensor and to the outputs. Loaded when it is asked for.
 */

/** What can be quantised, or why nothing can. */
export function quantisable(model: Model, name: string, wish: QuantizeWish, pictures: number): Quantisable {
  const command = quantizeCommand(name, wish, pictures)
  try {
    return { layers: quantisableLayers(model), command }
  } catch (error) {
    if (!(error instanceof KerfError)) throw error
    return { layers: [], why: error.message, command }
  }
}

/**
 * Quantises a network, and compares it with what it was.
 * @throws KerfError as `quantize`
 */
export async function quantised(
  model: Model,
  wish: QuantizeWish,
  { images, transforms }: Pictures,
  tell: (state: WorkState) => void,
  signal: AbortSignal,
): Promise<{ readonly model: Model; readonly outcome: QuantizeOutcome }> {
  const running = { runtime: threadedRuntime, threads: usualThreads(), onNotice: () => {} }
  const progress = ({ what, done, total }: Progress) => tell({ what, done, total: total ?? images.count })
  const task = { signal, progress }
  const given = () => imagesFor(model, images, transforms)
  const result = await quantize(model, { ...wish, ...running, ...task, images: given() })
  const judge = await QualityJudge.of(model, given(), { ...running, labels: false }, task)
  return {
    model: result.model,
    outcome: {
      ...{ ...wish, pictures: result.images, layers: result.layers, outputDrift: result.outputDrift },
      quality: await judge.judge(result.model, task),
      bytes: { before: modelBytes(model).length, after: modelBytes(result.model).length },
    },
  }
}

function quantizeCommand(model: string, { bits, range, biasCorrection }: QuantizeWish, pictures: number): string {
  return [
    'kerf quantize',
    quoted(model),
    `-o ${quoted(model.replace(/(\.onnx)?$/i, `-${bits}bits.onnx`))}`,
    `--bits ${bits} --data pictures/`,
    ...(pictures > 0 ? [`--calibrate ${pictures}`] : []),
    ...(range === 'mse' ? [] : [`--range ${range}`]),
    ...(biasCorrection ? ['--bias-correction'] : []),
  ].join(' ')
}
