import type { Progress } from 'kerf'
import {
  checksTable,
  type Experiment,
  experimentOf,
  experiments,
  generatedDigits,
  labHtml,
  type Outcome,
  outcomeJson,
  outcomeMarkdown,
  outcomeReport,
  proseHtml,
  runExperiment,
  verdictText,
} from 'kerf/lab'
import { chartsSvg, type FileFormat, toCsv, toJson } from 'kerf/report'
import { measureLimit } from 'kerf/runtime'
import { threadedRuntime } from '../threaded-runtime.ts'
import { fieldsOf, settingsWith } from './fields.ts'
import { formulaDesigns, formulaFile, formulaResult } from './formulas.ts'
import { textTable } from './text-table.ts'
import type {
  FormulaDesign,
  FormulaResult,
  FormulaWish,
  LabExperiment,
  LabOutcome,
  LabPictures,
  LabWish,
} from './types.ts'

/**
 * Experiments and formulas, for a page. It lives in workers of its own, and needs no model. What goes on is stopped by ending the worker: experiments do not
 * give others their turn everywhere.
 */
export class LabBench {
  #outcome: Outcome | undefined

  /** All of them, in the order in which they tell their story. */
  experiments(): LabExperiment[] {
    return experiments.map(told)
  }

  /**
   * Runs one.
   * @throws KerfError `bad-setting`, and what the experiment throws
   */
  async run(
    { name, full, seed, settings, threads, pictures }: LabWish,
    progress: (state: { readonly done: number; readonly total?: number }) => void,
  ): Promise<LabOutcome> {
    const experiment = experimentOf(name)
    const own = settingsWith(full ? experiment.settings.full : experiment.settings.quick, settings)
    const taken = async (given: LabPictures, channels: 1 | 3, size: number) =>
      (await import('./own-pictures.ts')).ownPictures(given, channels, size, seed)
    const outcome = await runExperiment(
      { ...experiment, settings: { quick: own, full: own } },
      {
        ...{ full, seed, threads, runtime: threadedRuntime },
        digits: async () => (pictures ? taken(pictures, 1, 28) : generatedDigits(seed)),
        ...(pictures && { images: () => taken(pictures, 3, 32) }),
        // Of more threads it starts workers from an address that the page's policy does not allow.
        measureLimit: threads === 1 ? measureLimit : undefined,
        progress: ({ done, total }: Progress) => progress({ done, total }),
      },
    )
    this.#outcome = outcome
    const { facts, tables } = outcomeReport(outcome)
    const { charts, notes = [], holds, checks } = outcome
    return {
      ...{ name, holds, verdict: verdictText(outcome), facts: facts.slice(1), notes: notes.map(proseHtml) },
      ...{ tables: tables.map(textTable), checks: textTable(checksTable(checks)) },
      charts: charts.length > 0 ? chartsSvg(charts, { theme: 'page', width: 760, height: 280 }) : '',
    }
  }

  /** What the last experiment found, as a file. */
  file(format: FileFormat): string {
    const outcome = this.#outcome
    if (!outcome) throw new Error('Nothing was run yet.')
    if (format === 'json') return toJson(outcomeJson(outcome))
    if (format === 'md') return outcomeMarkdown(outcome)
    if (format === 'html') return labHtml(outcome.experiment.title, [outcome])
    // A table behind the other, with an empty line between.
    return outcome.tables.map(toCsv).join('\r\n')
  }

  /** Kinds of convolution whose costs are formulas. */
  designs(): FormulaDesign[] {
    return formulaDesigns()
  }

  /** What formulas come to. */
  formulas(wish: FormulaWish): FormulaResult {
    return formulaResult(wish)
  }

  /** The same as a file. */
  formulaFile(wish: FormulaWish, format: FileFormat): string {
    return formulaFile(wish, format)
  }
}

const told = (experiment: Experiment): LabExperiment => {
  const {
    name,
    title,
    claim,
    derivation,
    measures,
    source,
    duration,
    inNode,
    settings,
    takesImages = false,
  } = experiment
  return {
    ...{ name, title, source, duration, inNode, takesImages },
    claim: proseHtml(claim),
    derivation: derivation.map(proseHtml),
    measures: proseHtml(measures),
    fields: fieldsOf(settings.quick, settings.full),
  }
}
