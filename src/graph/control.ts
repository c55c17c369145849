import type { AttributeValue } from './attribute-values.ts'
import type { Call, Dense, InferredCall, Known } from './call.ts'
import type { Graph, Tensor } from './model.ts'

/*
 * Operators that hold graphs (If, Loop, Scan), and those that are only another way to write others (sequences of known length). They say of themselves
 * what their bodies are for; the walks know nothing of branches and loops.
 */

/** A body that a node runs, with what is known of its inputs. */
export interface BodyUse {
  readonly graph: Graph
  /** The attribute that holds it. */
  readonly name: string
  readonly inputs: readonly (Known | undefined)[]
  /** Undefined: that depends on the data. */
  readonly times: number | undefined
  /** Why it cannot be run on what is around it. */
  readonly misfit?: string
}

/** One run of a body that is asked for, with the content of its inputs. */
export interface BodyRun {
  readonly graph: Graph
  readonly inputs: readonly Dense[]
}

/** What a node does with the graphs that it holds. They read the values around the node by name. */
export interface Control<A = unknown> {
  /** Whether one of `uses` is run (branches), or all. */
  readonly alternatives: boolean
  readonly uses: (call: InferredCall<A>) => readonly BodyUse[]
}

/**
 * Runs a node: yields the runs of bodies that it wants, gets each one's outputs, returns its own. So the same definition serves whoever runs
 * bodies, at once or later. What a run throws is thrown into it.
 */
export type ControlRule<A> = (
  call: Call<A>,
  inputs: readonly (Dense | undefined)[],
) => Generator<BodyRun, readonly Dense[], readonly Dense[]>

/** Where an operator puts what its node is made of (`Operator.unfold`). Values are their names. */
export interface Unfolding {
  /** Adds a node with so many outputs, under fresh names. */
  nodes(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes?: Readonly<Record<string, AttributeValue>>,
  ): string[]
  constant(tensor: Tensor): string
  /**
   * Puts a copy of a body's nodes here, on these inputs. What the body stores is not copied a second time.
   * @param place which copy of several it is, for names
   * @returns the values of its outputs
   */
  inline(body: Graph, inputs: readonly string[], place?: string): string[]
  /** Says which value an output of the unfolded node is. */
  output(index: number, value: string): void
  /** The elements of a sequence, where it is known what they are. */
  elements(sequence: string): readonly string[] | undefined
  /** Says what an output of the unfolded node, a sequence, consists of. */
  sequence(index: number, elements: readonly string[]): void
}
