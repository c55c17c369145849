import { KerfError, type Model, modelBytes, type Progress } from 'kerf'
import { integerLayers, quantisableLayers, quantize, quantizeIntegers } from 'kerf/rewrite'
import { imagesFor, QualityJudge } from 'kerf/workflow'
import { usualThreads } from '../threads.ts'
import { inPageWords } from './page-words.ts'
import type { Pictures } from './picture-set.ts'
import type { Quantisable, QuantizeOutcome, QuantizeWish } from './quantize-types.ts'
import { outputOf, quoted } from './quoted.ts'
import type { WorkState } from './swap-types.ts'
import { threadedRuntime } from './threaded-runtime.ts'

/*
 * Adder layers in codes of few bits, or ordinary ones: ranges from pictures, and what that does to every tensor and to the outputs. Loaded when it is asked for.
 */

/** What can be quantised, or why nothing can. */
export function quantisable(model: Model, name: string, wish: QuantizeWish, pictures: number): Quantisable {
  const command = quantizeCommand(name, wish, pictures)
  const adders = layersOr(() => quantisableLayers(model))
  const asked = wish.to === 'int8' ? layersOr(() => integerLayers(model).layers) : adders
  // Adder layers that are in codes already are some, too.
  const to = adders instanceof KerfError && adders.details.coded === 0 ? 'int8' : 'adder'
  return asked instanceof KerfError
    ? { to, layers: [], why: inPageWords(asked.message), command }
    : { to, layers: asked, command }
}

/** Layers, or why there are none. */
function layersOr(layers: () => readonly string[]): readonly string[] | KerfError {
  try {
    return layers()
  } catch (error) {
    if (error instanceof KerfError) return error
    throw error
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
  const options = { ...wish, ...running, ...task, images: given() }
  const integers = wish.to === 'int8' ? await quantizeIntegers(model, options) : undefined
  const adders = integers ? undefined : await quantize(model, options)
  const result = (integers ?? adders)!
  const judge = await QualityJudge.of(model, given(), { ...running, labels: false }, task)
  return {
    model: result.model,
    outcome: {
      ...{ ...wish, pictures: result.images, outputDrift: result.outputDrift },
      ...{ layers: adders?.layers ?? [], integers: integers?.layers ?? [], kept: integers?.kept ?? [] },
      quality: await judge.judge(result.model, task),
      bytes: { before: modelBytes(model).length, after: modelBytes(result.model).length },
    },
  }
}

function quantizeCommand(
  model: string,
  { to, bits, range, biasCorrection, equalise }: QuantizeWish,
  pictures: number,
): string {
  return [
    'kerf quantize',
    quoted(model),
    `-o ${outputOf(model, `-${bits}bits.onnx`)}`,
    `${to === 'int8' ? '--to int8 ' : ''}--bits ${bits} --data pictures/`,
    ...(pictures > 0 ? [`--images ${pictures}`] : []),
    ...(range === 'mse' ? [] : [`--range ${range}`]),
    ...(equalise && to === 'int8' ? ['--equalise'] : []),
    ...(biasCorrection ? ['--bias-correction'] : []),
  ].join(' ')
}
