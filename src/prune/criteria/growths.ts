import { KerfError, type Task, type Turn } from '../../base/index.ts'
import { type Analysis, editGraph, fixesBatch, freeBatch, graphInputs, tensorValues } from '../../graph/index.ts'
import { openProgram, type Program, type RunningOptions } from '../../runtime/index.ts'
import { type ImageChunk, imageChunks, type LossOf, type ScoringImages } from './batches.ts'
import type { ScoredGroup } from './criterion.ts'
import type { Group, Layer } from './layers.ts'
import { clearRow } from './rows.ts'

/*
 * The loss without each channel, measured. The weights are inputs of the network, in memory that is written to: a channel's are set to 0, the images run, the
 * weights are put back. Nothing is planned or packed anew.
 */

type Options = RunningOptions &
  Pick<Task, 'progress'> & { readonly images: ScoringImages; readonly loss: LossOf; readonly seed?: number }

/** So many images at a time: a network that only runs forwards gains nothing from more. */
const most = 8

/** L(without c) − L for every channel of every group. @throws KerfError `unknown-value` for a weight that is no stored float32 tensor */
export async function lossGrowths(
  { model, operators, stored }: Analysis,
  groups: readonly Group[],
  options: Options,
  turn: Turn,
): Promise<Map<ScoredGroup, Float64Array>> {
  const { images, loss: lossOf, progress } = options
  const input = graphInputs(model.graph)[0]!.name
  const size = Math.min(most, images.batchSize)
  const free = fixesBatch(model, size) ? freeBatch(model, operators) : model
  const { model: whole, loss, targets, outputs } = lossOf(free, [size, ...images.shape])
  const layers = groups.flatMap((g) => [...new Set([...g.layers, ...g.readers])])
  const weights = new Map(layers.map((layer) => [layer.weight.value, storedWeight(layer, stored)]))
  const editor = editGraph(whole)
  for (const [name, { elementType, shape }] of weights) editor.input(name, elementType, shape)
  const made = editor
    .setOutputs([outputs ?? loss])
    .dropDead()
    .model()
  const shapes = new Map<string, readonly number[]>([
    [input, [size, ...images.shape]],
    [targets.name, targets.shape],
    ...[...weights].map(([name, { shape }]) => [name, shape] as const),
  ])
  const read = new Set(graphInputs(made.graph).map((i) => i.name))
  const program = await openProgram(made, new Map([...shapes].filter(([name]) => read.has(name))), options)
  try {
    const put = (name: string) => program.input(name).set(tensorValues(weights.get(name)!))
    for (const name of weights.keys()) if (read.has(name)) put(name)
    const width = targets.shape.slice(1).reduce((product, d) => product * d, 1)
    const measure =
      outputs === undefined
        ? await lossOfLabels(program, { input, targets: targets.name, width, loss, size }, options)
        : await distance(program, { input, outputs, width, size }, options)
    const before = await measure()
    const all = groups.reduce((sum, g) => sum + g.channels, 0)
    const growths = new Map<ScoredGroup, Float64Array>()
    let done = 0
    for (const group of groups) {
      const own = new Float64Array(group.channels)
      const members = [...new Set([...group.layers, ...group.readers])].filter((m) => read.has(m.weight.value))
      for (let channel = 0; channel < group.channels; channel++) {
        await turn()
        for (const layer of members) mask(program, layer, weights.get(layer.weight.value)!.shape, channel)
        own[channel] = (await measure()) - before
        for (const name of new Set(members.map((m) => m.weight.value))) put(name)
        progress?.({ what: 'measuring without each channel', done: ++done, total: all, unit: 'channels' })
      }
      growths.set(group, own)
    }
    return growths
  } finally {
    await program.dispose()
  }
}

function storedWeight(layer: Layer, stored: Analysis['stored']) {
  const tensor = stored.get(layer.weight.value)
  if (tensor?.elementType === 'float32') return tensor
  throw new KerfError(
    'unknown-value',
    `The weight "${layer.weight.value}" of ${layer.node} is no stored float32 tensor, so that no channel of it can be masked while the network runs. Leave the layer alone (--keep '${layer.node}'), or take another criterion.`,
    { node: layer.node },
  )
}

function mask(program: Program, { weight, of }: Layer, shape: readonly number[], channel: number): void {
  const values = program.input(weight.value)
  of.forEach((c, i) => {
    if (c === channel) clearRow(values, shape, weight.axis, i)
  })
}

/** All chunks, kept: they run once for every channel. */
async function kept(options: Options, size: number, targets: number): Promise<ImageChunk[]> {
  const chunks: ImageChunk[] = []
  for await (const chunk of imageChunks(options.images, size, targets))
    chunks.push({ ...chunk, images: chunk.images.slice(), targets: chunk.targets?.slice() })
  return chunks
}

async function lossOfLabels(
  program: Program,
  { input, targets, width, loss, size }: { input: string; targets: string; width: number; loss: string; size: number },
  options: Options,
): Promise<() => Promise<number>> {
  const chunks = await kept(options, size, width)
  const images = chunks.reduce((sum, c) => sum + c.count, 0)
  return async () => {
    let sum = 0
    for (const chunk of chunks) {
      program.input(input).set(chunk.images)
      program.input(targets).set(chunk.targets!)
      await program.run({ signal: options.signal })
      // The mean over the batch, what fills it up included.
      sum += Number(program.read(loss).data[0]) * size
    }
    return sum / images
  }
}

async function distance(
  program: Program,
  { input, outputs, width, size }: { input: string; outputs: string; width: number; size: number },
  options: Options,
): Promise<() => Promise<number>> {
  const chunks = await kept(options, size, 0)
  const images = chunks.reduce((sum, c) => sum + c.count, 0)
  const run = async (chunk: ImageChunk) => {
    program.input(input).set(chunk.images)
    await program.run({ signal: options.signal })
    return (program.read(outputs).data as Float32Array).subarray(0, chunk.count * width)
  }
  const first: Float32Array[] = []
  for (const chunk of chunks) first.push((await run(chunk)).slice())
  return async () => {
    let sum = 0
    for (const [i, chunk] of chunks.entries()) {
      const [y, y0] = [await run(chunk), first[i]!]
      for (let k = 0; k < y.length; k++) sum += (y[k]! - y0[k]!) ** 2
    }
    return sum / images
  }
}
