/** A part of the recipe's schema (JSON Schema, draft 2020-12), as far as its form needs it. */
export interface FormSchema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly string[]
  readonly properties?: Readonly<Record<string, FormSchema>>
  readonly required?: readonly string[]
  readonly oneOf?: readonly FormSchema[]
  readonly anyOf?: readonly FormSchema[]
}

/** What of a recipe a person says; the rest the page knows. */
export interface TrainWish {
  /** Fields of the recipe. */
  readonly recipe: Readonly<Record<string, unknown>>
  /** Whether the network gets a new classifier for the classes of the pictures. */
  readonly newHead: boolean
  /** Whether it learns from the network as it was opened, too. */
  readonly teach: boolean
}

/** An update, or where an epoch ended. */
export interface TrainPoint {
  readonly step: number
  readonly steps: number
  /** Epochs done, with a fraction. */
  readonly epoch: number
  /** Of the epoch so far. */
  readonly loss: number
  readonly accuracy: number
}

export interface EpochPoint {
  readonly epoch: number
  readonly trainLoss: number
  readonly trainAccuracy: number
  readonly validationLoss?: number
  readonly validationAccuracy?: number
  readonly isBest: boolean
}

export interface TrainTold {
  step?(point: TrainPoint): void
  epoch?(point: EpochPoint): void
}

/** A picture that the network is most wrong about. */
export interface WorstPicture {
  readonly label: string
  readonly predicted: string
  readonly loss: number
  readonly width: number
  readonly height: number
  /** Four bytes a pixel; a session's file has none. */
  readonly pixels?: Uint8ClampedArray<ArrayBuffer>
}

/** How well the trained network does. */
export interface TrainOutcome {
  /** Which pictures say it: those for testing, or those that chose the network, or, without any, those that it learnt from. */
  readonly on: 'test' | 'validation' | 'training'
  readonly images: number
  readonly accuracy: number
  readonly loss: number
  readonly classes: readonly string[]
  /** How many pictures of the class of a row were taken for that of a column. */
  readonly confusion: readonly (readonly number[])[]
  readonly worst: readonly WorstPicture[]
  readonly epochs: readonly EpochPoint[]
  /** The recipe, with its defaults, for the command line. */
  readonly recipe: string
}

/** A training that was stopped, and can go on. */
export interface Stopped {
  readonly epoch: number
  readonly epochs: number
  readonly wish: TrainWish
}
