import type { Analysis, GroupedAxis, Labels, Node, RootKind, RootOptions, Track } from '../graph/index.ts'
import type { LabelSets } from './labels.ts'

/** An axis of a weight that produces channels, and the node that it belongs to. */
export interface Root {
  /** The layer. */
  readonly node: Node
  /** The stored tensor behind the weight. */
  readonly tensor: string
  /** Of the stored tensor. */
  readonly axis: number
  /** The weight as the node reads it, which may be transposed or dequantized first. */
  readonly weight: {
    /** Its name. */
    readonly value: string
    /** The same axis there. */
    readonly axis: number
  }
  /** Of which layer the channels are. */
  readonly kind: RootKind
  /** Its channels are its input's: depthwise. */
  readonly follows: boolean
  /** The input (not the weight) and its axis that a linear layer sums over. */
  readonly sums?: RootOptions['sums']
  /** One per output channel. */
  readonly labels: Labels
  /** Where the axis alone does not tell the channel: the outputs of a grouped ConvTranspose. */
  readonly grouped?: GroupedAxis
}

/** Labels that lie in equal blocks which must stay equal. */
export interface Balance {
  readonly node: Node
  readonly labels: Labels
  readonly parts: number
  readonly why: string
}

/** A node that gives other numbers when some of these channels are gone. */
export interface ChangedNode {
  readonly node: Node
  readonly labels: Labels
  readonly why: string
}

export interface RefusedLayer {
  readonly node: string
  readonly kind: RootKind
  readonly channels: number
  readonly why: string
}

/** Every channel of a model with its label. */
export interface ChannelTrace {
  readonly analysis: Analysis
  readonly labels: LabelSets
  /** Labels of values that nodes make, and of graph inputs. */
  readonly tracks: ReadonlyMap<string, readonly Track[]>
  /** Labels of stored tensors, by axis. */
  readonly tensorAxes: ReadonlyMap<string, ReadonlyMap<number, Labels>>
  readonly groupedAxes: ReadonlyMap<string, GroupedAxis>
  readonly roots: readonly Root[]
  readonly balances: Balance[]
  /** What is calculated over channels that may go nevertheless: inexact. */
  readonly changes: readonly ChangedNode[]
  /** Nodes that work row by row, and values whose rows shrink equally (`Ties.byRows`). */
  readonly rowWise: ReadonlySet<Node>
  readonly rows: Set<string>
  /** Layers without a stored weight to cut. */
  readonly refused: readonly RefusedLayer[]
  /** Stored tensors besides those of roots and readers that are 0, masked, on the channels that go. */
  readonly vanishing: ReadonlySet<string>
  /** Constants whose channels could be followed if they were stored, and which may be. */
  readonly storable: ReadonlySet<string>
}
