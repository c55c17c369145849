import { transfer } from 'comlink'
import { isAborted, type Model, modelBytes, type Profile, profileModel } from 'kerf'
import { compareProfiles } from 'kerf/cost'
import { comparisonFileText, type FileFormat, type GraphColour, profileFileText, shapeText } from 'kerf/report'
import { type BlockTable, blockTable } from './blocks.ts'
import { type ComparisonTable, comparisonTable, countOther } from './compare.ts'
import { type Counted, countAtFirst, countModel } from './count.ts'
import { memoryOf } from './graph/columns.ts'
import { NetworkGraph } from './graph/network-graph.ts'
import type { GraphColumns, GraphTree, LayerDetails, LayerGroups, Opening, WeightStatistics } from './graph/types.ts'
import { guessesOf } from './guesses.ts'
import type { MapWish } from './maps.ts'
import type { ModelSource } from './model-source.ts'
import type { Pruner } from './prune.ts'
import type { CriterionChoice, PrunePreview, PruneWish, RecoveryState, Taken } from './prune-types.ts'
import { readFrom } from './read-model.ts'
import type { Runner } from './run.ts'
import type { LookedAt, RunResult, RunWish, ValueNames } from './run-types.ts'
import { type Changed, Steps } from './steps.ts'
import { type MachineLimits, type Measurement, type MeasureProgress, type MeasureWish, timesOfRows } from './times.ts'
import type { Network, OpenedFile, RecountOptions } from './types.ts'

/**
 * What the page asks of the library. It lives in a worker, so that the page never waits: the model stays here, and the page gets what it shows.
 * Each model has an engine of its own. Errors cross as KerfError's message.
 */
export class Engine {
  #model: Model | undefined
  #counted: Counted | undefined
  #file: OpenedFile = {}
  /** What became of the model, the last of which is open. */
  readonly #steps = new Steps()
  #pruner: Pruner | undefined
  #runner: Runner | undefined
  /** Shapes that it is for. */
  #runnerKey = ''
  #counting: RecountOptions = {}
  /** The network that the open one is compared with. */
  #other: { readonly model: Model; readonly name: string } | undefined
  #measurement: Measurement | undefined
  /** Stops what is measured. */
  #measuring = new AbortController()
  #graph: NetworkGraph | undefined

  /**
   * Reads a model and counts it.
   * @throws KerfError as `readModel`, and as `profileModel`
   */
  async open(source: ModelSource): Promise<Network> {
    const { model, name, ...file } = await readFrom(source)
    this.#file = file
    this.#model = model
    this.#steps.begin(model, name)
    const counted = countAtFirst(model, name)
    this.#counting = { inputs: guessesOf(counted.network) }
    return this.#shown(counted)
  }

  /**
   * The same model, counted otherwise.
   * @throws KerfError where input shapes do not fit
   */
  recount(options: RecountOptions): Network {
    if (!this.#model) throw new Error('No model is open.')
    const { network } = this.#counted!
    const counted = countModel(this.#model, network.name, options, network)
    this.#counting = options
    return this.#shown(counted)
  }

  /** The blocks of the layers, as they were counted last. */
  blocks(): BlockTable {
    return blockTable(this.#profile())
  }

  /** The counts as a file: what the command line writes. */
  costsAs(format: FileFormat): string {
    return profileFileText(this.#profile(), format)
  }

  /**
   * Reads another model, beside the open one.
   * @throws KerfError as `open`; the one before stays
   */
  async compareWith(source: ModelSource): Promise<ComparisonTable> {
    const { model, name } = await readFrom(source)
    const table = comparisonTable(this.#profile(), countOther(model, name, this.#counting))
    this.#other = { model, name }
    return table
  }

  /**
   * Both networks as they are counted now; undefined where there is no other one.
   * @throws KerfError where the other's inputs do not fit the sizes
   */
  comparison(): ComparisonTable | undefined {
    const other = this.#otherProfile()
    return other && comparisonTable(this.#profile(), other)
  }

  /** The comparison as a file: what the command line writes. */
  comparisonAs(format: FileFormat): string {
    return comparisonFileText(compareProfiles(this.#profile(), this.#otherProfile()!), format)
  }

  #otherProfile(): Profile | undefined {
    return this.#other && countOther(this.#other.model, this.#other.name, this.#counting)
  }

  /**
   * Times the network and every layer, in a worker of its own.
   * @param progress is told how far it is
   * @returns undefined where it was stopped
   * @throws KerfError as `createSession`
   */
  async measure(wish: MeasureWish, progress: (state: MeasureProgress) => void): Promise<Measurement | undefined> {
    const { measure } = await import('./measure.ts')
    const { inputs } = this.#profile()
    const measured = await this.#stoppable((signal) => measure(this.#model!, inputs, wish, { signal, progress }))
    if (measured) this.#measurement = measured
    return measured
  }

  /** Milliseconds of every row of the layers as they were counted last; undefined where these were not measured. */
  measuredRows(): Float64Array | undefined {
    const profile = this.#counted?.profile
    const measurement = this.#measurement
    if (!profile || !measurement || shapesOf(measurement.inputs) !== shapesOf(profile.inputs)) return undefined
    return timesOfRows(profile, measurement.parts)
  }

  /**
   * What this machine does at most.
   * @returns undefined where it was stopped
   */
  async limits(threads: number): Promise<MachineLimits | undefined> {
    const { measureLimits } = await import('./measure.ts')
    return this.#stoppable((signal) => measureLimits(threads, signal))
  }

  /** Ends what is measured. */
  stop(): void {
    this.#measuring.abort()
  }

  /** One measurement at a time: others would change its times. */
  async #stoppable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    this.stop()
    this.#measuring = new AbortController()
    const { signal } = this.#measuring
    try {
      return await work(signal)
    } catch (error) {
      if (signal.aborted && isAborted(error)) return undefined
      throw error
    }
  }

  #shown(counted: Counted): Network {
    this.#counted = counted
    this.#graph = undefined
    // It is for the sizes of before.
    this.#pruner = undefined
    // What is known of the file is so of the model that was read from it.
    return { ...counted.network, ...(this.#steps.at === 0 ? this.#file : {}) }
  }

  /** Values that can be looked at: inputs, and what nodes make. */
  values(): ValueNames {
    const { inputs, layers } = this.#counted!.profile!
    const made = layers.flatMap((layer, row) => layer.outputs.map((value) => ({ ...value, row })))
    const all = [...inputs.map((value) => ({ ...value, row: -1 })), ...made].filter(({ name }) => name !== '')
    return {
      names: all.map((v) => v.name),
      shapes: all.map((v) => shapeText(v.shape)),
      rows: Int32Array.from(all, (v) => v.row),
    }
  }

  /**
   * Runs the network once.
   * @throws KerfError as `Runner.run`
   */
  async run(wish: RunWish): Promise<RunResult> {
    return (await this.#runnerNow()).run(wish)
  }

  /**
   * A value of the last run as a picture.
   * @returns undefined where nothing was run, or the value is too large to be drawn
   * @throws KerfError as `Runner.look`
   */
  async look(name: string, wish: MapWish): Promise<LookedAt | undefined> {
    const found = await this.#runner?.look(name, wish)
    return found && transfer(found, [found.pixels.data.buffer])
  }

  /** Shapes that were counted otherwise need another one. */
  async #runnerNow(): Promise<Runner> {
    const shapes = this.#inputShapes()
    const key = JSON.stringify([...shapes])
    if (this.#runner && this.#runnerKey === key) return this.#runner
    const { Runner } = await import('./run.ts')
    await this.#runner?.close()
    this.#runner = new Runner(this.#model!, shapes)
    this.#runnerKey = key
    return this.#runner
  }

  /** What channels can be ranked by without images. */
  async criteria(): Promise<CriterionChoice[]> {
    return (await import('./prune.ts')).weightCriteria()
  }

  /**
   * What a cut would make of the open model.
   * @throws KerfError as `pruneModel`
   */
  async previewPruning(wish: PruneWish): Promise<PrunePreview> {
    const { Pruner } = await import('./prune.ts')
    this.#pruner ??= new Pruner(this.#model!, this.#steps.current.name, this.#inputShapes())
    return this.#pruner.preview(wish)
  }

  /**
   * The cut of the last preview takes the open model's place, once it is proven.
   * @throws KerfError as `prove`
   */
  async prune(title: string): Promise<Taken> {
    const { result, proof } = await this.#pruner!.take()
    this.#steps.add({ title, model: result.model, cut: result })
    return { ...(await this.#changed()), proof }
  }

  /**
   * Brings the open model, which was cut, nearer to what it was.
   * @throws KerfError as `recoverCut`; Error where there are no pictures
   */
  async recover(files: readonly Blob[], progress: (state: RecoveryState) => void): Promise<Changed> {
    const { recoverPruned } = await import('./recover.ts')
    const { cut } = this.#steps.current
    if (!cut) throw new Error('Only what was cut here can be recovered.')
    const shape = [...this.#inputShapes().values()][0]
    const { model, steps } = await recoverPruned(cut, shape, files, progress)
    this.#steps.add({ title: `Recovered on ${files.length} pictures`, model, recovery: steps })
    return this.#changed()
  }

  /** Back, or forth, to what the model was. */
  goTo(step: number): Promise<Changed> {
    this.#steps.at = step
    return this.#changed()
  }

  /** The open model's file. */
  save(): { readonly name: string; readonly blob: Blob } {
    const { name, model } = this.#steps.current
    return { name, blob: new Blob([modelBytes(model).slice()], { type: 'application/octet-stream' }) }
  }

  /** Shapes of the inputs that are counted for. */
  #inputShapes(): ReadonlyMap<string, readonly number[]> {
    const { inputs } = this.#counted!.profile!
    return new Map(inputs.map(({ name, shape }) => [name, shape as readonly number[]]))
  }

  /** Everything is of another model. */
  async #changed(): Promise<Changed> {
    const { model, name } = this.#steps.current
    const inputs = Object.fromEntries(this.#inputShapes())
    const { fused } = this.#counted!.network
    await this.#runner?.close()
    this.#runner = undefined
    this.#measurement = undefined
    this.stop()
    this.#model = model
    return { network: this.#shown(countModel(model, name, { inputs, fused })), ...this.#steps.told() }
  }

  #profile(): Profile {
    const profile = this.#counted?.profile
    if (!profile) throw new Error('Nothing is counted.')
    return profile
  }

  /** The network laid out, with some blocks open. */
  graphPicture(opening: Opening): GraphColumns {
    const columns = this.#drawn().picture(opening)
    return transfer(columns, memoryOf(columns))
  }

  /** Its blocks and layers. */
  graphTree(): GraphTree {
    return this.#drawn().tree()
  }

  /** The picture as an SVG document. */
  graphSvg(opened: readonly string[], colour: GraphColour | 'time'): string {
    return this.#drawn().svg(opened, colour, this.measuredRows() && this.#measurement?.parts)
  }

  /** A layer of the graph, by its row. */
  graphLayer(row: number): LayerDetails {
    return this.#drawn().layer(row)
  }

  /** The values of a stored tensor. */
  graphWeights(name: string): Promise<WeightStatistics> {
    return this.#drawn().weights(name)
  }

  /** What shrinks with a layer. */
  graphGroups(row: number): LayerGroups {
    return this.#drawn().groups(row)
  }

  /** Of layers that are not fused, whatever is counted. */
  #drawn(): NetworkGraph {
    if (this.#graph) return this.#graph
    const { network, profile } = this.#counted!
    if (!this.#model || !profile) throw new Error('No layers are known.')
    const inputs = new Map(network.inputs.map(({ name, shape }) => [name, shape as readonly number[]]))
    const plain = profile.fused ? profileModel(this.#model, { name: network.name, inputs }) : profile
    this.#graph = new NetworkGraph(this.#model, plain)
    return this.#graph
  }
}

const shapesOf = (inputs: Profile['inputs']): string => JSON.stringify(inputs.map(({ name, shape }) => [name, shape]))
