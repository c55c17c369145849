import { elementCount, MemoryBudget, type Turn } from '../../base/index.ts'
import {
  editGraph,
  graphInputs,
  type Model,
  type Node,
  producersOf,
  type Tensor,
  usedNames,
} from '../../graph/index.ts'
import { type HostTensor, openSession, type RunningOptions } from '../../runtime/index.ts'

/*
 * A network that runs up to a value, waits, and goes on from there, with all images. What lies in front of the value may be changed no more; what lies behind
 * may. Each node runs once for each image, however often the run waits: values that nodes behind still read are kept for all images.
 */

/** All images, in pieces of the size that the network is run with. */
export interface ImagePieces {
  /** Of one piece. */
  readonly shape: readonly number[]
  /** Pieces, the last one filled up with zeros. */
  readonly pieces: readonly Float32Array[]
  /** How many images there are. */
  readonly count: number
}

/** Which images lie in which piece: those that fill up the last one are none. */
export function* imagesOf({
  shape,
  pieces,
  count,
}: ImagePieces): Generator<{ piece: number; first: number; images: number }> {
  const size = shape[0]!
  for (const piece of pieces.keys()) yield { piece, first: piece * size, images: Math.min(size, count - piece * size) }
}

/** A network on its way, with all images. */
export class StagedRun {
  readonly #editor: ReturnType<typeof editGraph>
  readonly #pieces: ImagePieces
  readonly #running: RunningOptions
  readonly #turn: Turn
  readonly #memory = new MemoryBudget()
  /** Values that were made, whether they are still kept or not. */
  readonly #made: Set<string>
  readonly #kept = new Map<string, HostTensor[]>()

  /**
   * @param model with one input, whose constants are initializers
   */
  constructor(model: Model, pieces: ImagePieces, running: RunningOptions, turn: Turn) {
    this.#editor = editGraph(model).forgetTypes()
    this.#pieces = pieces
    this.#running = running
    this.#turn = turn
    const [input] = graphInputs(model.graph)
    this.#made = new Set([input!.name])
    this.#kept.set(
      input!.name,
      pieces.pieces.map((data) => ({ elementType: 'float32', shape: pieces.shape, data })),
    )
  }

  /** A stored tensor as it is now. */
  tensor(name: string): Tensor {
    return this.#editor.initializers.get(name)!
  }

  /** Puts another tensor in the place of one that nodes read which have not run. */
  set(name: string, tensor: Tensor): void {
    this.#editor.set(name, tensor)
  }

  /** Changes nodes that have not run. Names of outputs stay. */
  rewrite(visit: (node: Node) => Node): void {
    this.#editor.rewrite(visit)
  }

  /** A kept value, piece by piece. */
  value(name: string): readonly HostTensor[] {
    return this.#kept.get(name)!
  }

  /** Runs what makes these values, where it has not run. They are kept until the next call. */
  async reach(values: readonly string[]): Promise<void> {
    const { nodes, outputs } = this.#editor
    const producers = producersOf({ nodes })
    const inside = new Set<Node>()
    const reads = new Set<string>()
    const open = values.filter((v) => !this.#made.has(v))
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (this.#made.has(name)) {
        reads.add(name)
        continue
      }
      const node = producers.get(name)
      if (!node || inside.has(node)) continue
      inside.add(node)
      open.push(...usedNames(node))
    }
    for (const node of inside) for (const output of node.outputs) this.#made.add(output)
    const isDone = (node: Node) => node.outputs.every((o) => o === '' || this.#made.has(o))
    const wanted = new Set([...values, ...outputs.map((o) => o.name)])
    for (const node of nodes) if (!isDone(node)) for (const name of usedNames(node)) wanted.add(name)
    if (inside.size > 0)
      await this.#run(
        [...nodes].filter((n) => inside.has(n)),
        reads,
        wanted,
      )
    for (const [name, tensors] of this.#kept)
      if (!wanted.has(name)) {
        this.#kept.delete(name)
        this.#memory.give(bytesOf(tensors))
      }
  }

  /** The nodes that lead from kept values to a value, as they are now, as a network of its own with these values as inputs. */
  part(from: readonly string[], to: string): Model {
    const inside = this.#between(from, to)
    const editor = editGraph(this.#editor.model())
      .dropInputs()
      .setNodes([...this.#editor.nodes].filter((n) => inside.has(n)))
    for (const name of from) {
      const [{ elementType, shape } = { elementType: 'float32', shape: [] } as const] = this.#kept.get(name)!
      editor.input(name, elementType, shape)
    }
    return editor.setOutputs([to]).dropDead().model()
  }

  /** What leads from a kept value to another, which nothing else has read, has not run. */
  backTo(from: string, value: string): void {
    for (const node of this.#between([from], value))
      for (const output of node.outputs) {
        this.#made.delete(output)
        const tensors = this.#kept.get(output)
        if (tensors) this.#memory.give(bytesOf(tensors))
        this.#kept.delete(output)
      }
  }

  #between(from: readonly string[], to: string): Set<Node> {
    const producers = producersOf({ nodes: this.#editor.nodes })
    const inside = new Set<Node>()
    const open = [to]
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      const node = from.includes(name) ? undefined : producers.get(name)
      if (!node || inside.has(node)) continue
      inside.add(node)
      open.push(...usedNames(node))
    }
    return inside
  }

  async #run(nodes: readonly Node[], reads: ReadonlySet<string>, wanted: ReadonlySet<string>): Promise<void> {
    const outputs = nodes.flatMap((n) => n.outputs.filter((o) => o !== '' && wanted.has(o)))
    const editor = editGraph(this.#editor.model()).dropInputs().setNodes(nodes)
    for (const name of reads) {
      const [{ elementType, shape } = { elementType: 'float32', shape: [] } as const] = this.#kept.get(name)!
      editor.input(name, elementType, shape)
    }
    const session = await openSession(editor.setOutputs(outputs).dropDead().model(), this.#running)
    try {
      const made = new Map(outputs.map((name) => [name, [] as HostTensor[]]))
      for (const piece of this.#pieces.pieces.keys()) {
        await this.#turn()
        const feeds = Object.fromEntries([...reads].map((name) => [name, this.#kept.get(name)![piece]!]))
        const results = await session.run(feeds, { signal: this.#running.signal })
        for (const [name, list] of made) {
          const tensor = results[name]!
          this.#memory.take(bytesOf([tensor]), `What "${name}" is for all images`, 'Give fewer images')
          list.push(tensor)
        }
      }
      for (const [name, list] of made) this.#kept.set(name, list)
    } finally {
      await session.dispose()
    }
  }
}

const bytesOf = (tensors: readonly HostTensor[]): number => tensors.reduce((sum, { data }) => sum + data.byteLength, 0)

/** Elements of one image in a value of a run. */
export const perImage = ({ shape }: Pick<HostTensor, 'shape'>): number => elementCount(shape.slice(1))!
