import { imageToTensor, type Model } from 'kerf'
import { assumptionTexts, imageMetadata, layoutOf, preprocessingFor } from 'kerf/data'
import { editGraph, graphInputs, type ValueInfo } from 'kerf/graph'
import { type HostTensor, hostTensor, isHostElementType, outputSummary, type Session } from 'kerf/runtime'
import { randomFeeds } from 'kerf/workflow'
import { type MapWish, mapsOf } from './maps.ts'
import type { LookedAt, RunResult, RunWish } from './run-types.ts'
import { threadedRuntime } from './threaded-runtime.ts'

/*
 * A network that is run by hand: on an image or random numbers, once; any value in it can be looked at. Loaded when something is run.
 */

/** How many classes are listed. */
const top = 10

/** Runs a model, and keeps what came out last. */
export class Runner {
  readonly #model: Model
  readonly #shapes: ReadonlyMap<string, readonly number[]>
  #session: Session | undefined
  /** Values beside the outputs that the session gives. */
  #watched = ''
  #feeds: Readonly<Record<string, HostTensor>> | undefined
  #values = new Map<string, HostTensor>()

  /** @param shapes of the inputs, as they were counted */
  constructor(model: Model, shapes: ReadonlyMap<string, readonly number[]>) {
    this.#model = model
    this.#shapes = shapes
  }

  /** @throws KerfError as `imageToTensor`, `randomFeeds`, `createSession` and `Session.run` */
  async run({ image, threads, seed }: RunWish): Promise<RunResult> {
    const feeds: Record<string, HostTensor> = {}
    for (const { name, elementType, shape, values } of randomFeeds(this.#model, this.#shapes, seed)) {
      if (!isHostElementType(elementType)) throw new Error(`Inputs of ${elementType} cannot be made here.`)
      feeds[name] = hostTensor(elementType, shape, values)
    }
    const [input] = graphInputs(this.#model.graph)
    const assumed = image && input ? this.#takeImage(image, input, feeds) : []
    this.#feeds = feeds
    const session = await this.#open(this.#watched, threads)
    // The first run makes the plan.
    await session.run(feeds)
    const start = performance.now()
    const outputs = await session.run(feeds)
    const timeMs = performance.now() - start
    this.#values = new Map([...Object.entries(feeds), ...Object.entries(outputs)])
    const { classes } = imageMetadata(this.#model)
    return {
      ...{ timeMs, threads: session.threads, assumed },
      inputs: Object.entries(feeds).map(([name, tensor]) => outputSummary(name, tensor, 0)),
      outputs: this.#model.graph.outputs.flatMap(({ name }) => {
        const tensor = outputs[name]
        return tensor ? [outputSummary(name, tensor, top, classes)] : []
      }),
    }
  }

  /**
   * A value as a picture; the network is run again where it was not kept.
   * @throws KerfError as `run`
   */
  async look(name: string, wish: MapWish): Promise<LookedAt | undefined> {
    if (!this.#feeds) return undefined
    if (!this.#values.has(name)) {
      const session = await this.#open(name, this.#session?.threads ?? 1)
      const outputs = await session.run(this.#feeds)
      this.#values = new Map([...Object.entries(this.#feeds), ...Object.entries(outputs)])
    }
    const tensor = this.#values.get(name)
    const maps = tensor && mapsOf(tensor, wish)
    return maps && { ...maps, summary: outputSummary(name, tensor!, 0) }
  }

  /** Puts an image into the feeds. @returns what was assumed about how */
  #takeImage(image: ImageBitmap, input: ValueInfo, feeds: Record<string, HostTensor>): string[] {
    const { preprocessing: stored } = imageMetadata(this.#model)
    const declared = input.type?.kind === 'tensor' ? input.type.shape : undefined
    const [, a, b, c] = this.#shapes.get(input.name) ?? []
    const size = layoutOf(input) === 'NHWC' ? [a, b] : [b, c]
    // Open sizes are those that were counted, unless the file tells one.
    const isOpen = declared?.slice(1).some((d) => typeof d !== 'number') && !(stored?.resize ?? stored?.crop)
    const options = isOpen ? { resize: size as [number, number] } : {}
    feeds[input.name] = imageToTensor(image, this.#model, { ...options, input: input.name })
    image.close()
    return assumptionTexts(preprocessingFor(input, options, stored))
  }

  /** Lets go of memory and threads. */
  async close(): Promise<void> {
    await this.#session?.dispose()
    this.#session = undefined
    this.#values.clear()
  }

  async #open(watched: string, threads: number): Promise<Session> {
    const session = this.#session
    if (session && this.#watched === watched && session.threads === threads) return session
    await session?.dispose()
    this.#watched = watched
    const { graph } = this.#model
    const isGiven = watched === '' || graph.outputs.some((o) => o.name === watched)
    const model = isGiven
      ? this.#model
      : editGraph(this.#model)
          .setOutputs([...graph.outputs, watched])
          .model()
    this.#session = await threadedRuntime.createSession(model, { threads, worker: true, onNotice: () => {} })
    return this.#session
  }
}
