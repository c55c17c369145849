import type { Task } from '../base/index.ts'
import type { DataSets, Transform } from '../data/index.ts'
import type { Model } from '../graph/index.ts'
import type { Chart, Table } from '../report/index.ts'
import type { HostTensor, Runtime } from '../runtime/index.ts'
import type { PruningComparison, TimingRuntime } from '../workflow/index.ts'

/*
 * Prose of experiments is plain text in which formulas are LaTeX: `$…$` within a sentence, `$$…$$` for a paragraph of its own. Terminals get
 * them as text (formula-text.ts), HTML as MathML, Markdown as they are.
 */

/**
 * A claim about convolutions that can be put to the test. One file, one object.
 * @typeParam S what can be set: numbers of samples, sizes, epochs
 */
export interface Experiment<S extends object = object> {
  /** For the command line: `adaptive-rate`. */
  readonly name: string
  /** For people. */
  readonly title: string
  /** In one sentence. */
  readonly claim: string
  /** Where the claim comes from, in a few paragraphs of prose. */
  readonly derivation: readonly string[]
  /** What is measured, and how. Prose. */
  readonly measures: string
  /** On which data. Prose. */
  readonly data: string
  /** Paper and section. */
  readonly source: string
  /** `quick` runs within seconds and is a test; `full` is for reports. */
  readonly settings: {
    /** For `LabContext` without `full`. */
    readonly quick: S
    /** With it. */
    readonly full: S
  }
  /** True: it asks for `LabContext.digits` or `images`; by default it does not. */
  readonly takesImages?: true
  /** How long the quick settings take on one core, about: `2 s`. */
  readonly duration: string
  /** What it does in Node alone, and why, in a sentence; by default nothing. */
  readonly inNode?: string
  /** Does it, with the quick or the full `settings`. */
  run(settings: S, context: LabContext): Promise<Findings>
}

/** For `Experiment.inNode`. */
export const besideOthers =
  'Other runtimes are timed beside Kerf where they are installed; pages have none but Kerf’s own.'

/** Digits, or other images, to look at and to train on. */
export interface Digits {
  /** What they are, for reports: `MNIST`. */
  readonly name: string
  /** For training and for testing. */
  readonly sets: DataSets
  /** What happens to an image before a network sees it; nothing by default. */
  readonly transforms?: readonly Transform[]
}

/** What an experiment is given from outside. */
export interface LabContext extends Task {
  /** All that is random follows from it. */
  readonly seed: number
  /** Read, or drawn, when first asked for; one channel, 28×28. */
  readonly digits: () => Promise<Digits>
  /** Images of any size for the experiment that compares designs; by default the digits. */
  readonly images?: () => Promise<Digits>
  /** What runs networks; the runtime's core by default, which has no threads. */
  readonly runtime?: Runtime
  /** 1 by default. */
  readonly threads?: number
  /** Milliseconds that networks are timed by; those that pass by default. On a busy machine those of the processor that the process gets tell more. */
  readonly clock?: () => number
  /** Where the experiment that cuts for time times networks; `runtime` by `clock` by default. */
  readonly timing?: TimingRuntime
  /** A trained network for experiments that take one: `quantisation` an adder network, `allocation` any that classifies. */
  readonly model?: Model
  /** Methods of pruning on another network and other data than digits, for the experiment that compares them. */
  readonly comparison?: {
    /** The network and the data, for people. */
    readonly what: string
    /** What it is done with, in the place of the experiment's settings. */
    readonly settings: object
    /** What the methods do. */
    compare(task: Task): Promise<PruningComparison>
  }
  /** What the machine does at most, in multiply–adds per second on so many threads; with `native: false` in WebAssembly. */
  readonly measureLimit?: (threads: number, options?: { readonly native?: false }) => Promise<number>
  /** Other runtimes that are installed, with a network loaded. */
  readonly peers?: (model: Model, feeds: Readonly<Record<string, HostTensor>>) => Promise<readonly Contender[]>
}

/** A runtime that has loaded a network, to be timed. */
export interface Contender {
  /** As reports call it: `ONNX Runtime`. */
  readonly name: string
  /** Of the runtime. */
  readonly version: string
  /** Runs the network once. */
  step(): Promise<void>
  /** Lets go of it. */
  release(): Promise<void>
}

/** A statement that a measurement bears out or not. */
export interface Check {
  /** In words, for reports. */
  readonly what: string
  /** A number, or in words what the measurement should be (`at least 0.9`). */
  readonly predicted: number | string
  /** What came out, likewise. */
  readonly measured: number | string
  /** How far a number may be from the prediction. */
  readonly within?: string
  /** Whether the two agree. */
  readonly holds: boolean
  /** A wrong statement put to the same test: it must not hold, or the test shows nothing. */
  readonly control?: true
}

/** What an experiment found. */
export interface Findings {
  /** The data it really ran on: `10,000 test images of MNIST`. */
  readonly data: string
  /** What was measured. */
  readonly tables: readonly Table[]
  /** The same, drawn. */
  readonly charts: readonly Chart[]
  /** What decides whether the claim holds. */
  readonly checks: readonly Check[]
  /** What a reader should know about the numbers. Prose. */
  readonly notes?: readonly string[]
}
