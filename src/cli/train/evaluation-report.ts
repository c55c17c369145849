import {
  type ImageSet,
  preprocessingOf,
  type ResolvedPreprocessing,
  type SkippedImage,
  type Transform,
} from '../../api/data.ts'
import type { Evaluation } from '../../api/train.node.ts'
import type { Report, Table } from '../../report/index.ts'
import { assumptionText, preprocessingText } from '../run/image.ts'

const percent = (part: number) => `${(100 * part).toFixed(2)} %`

export interface EvaluationContext {
  readonly model: string
  /** `mnist, test` */
  readonly data: string
  readonly set: ImageSet
  readonly skipped: readonly SkippedImage[]
  readonly notices: readonly string[]
  readonly transforms: readonly Transform[]
  /** Undefined where a recipe said it all. */
  readonly image?: ResolvedPreprocessing
}

const preprocessing = ({ set, transforms }: EvaluationContext) =>
  preprocessingOf(transforms, [set.channels, set.height, set.width])

export function evaluationJson(context: EvaluationContext, result: Evaluation): unknown {
  const { model, data, set, skipped, notices, image } = context
  const { perClass, ...numbers } = result
  return {
    model,
    data,
    ...numbers,
    classes: perClass.map(({ images, correct }, i) => ({
      name: set.classes[i],
      images,
      correct,
      accuracy: images === 0 ? null : correct / images,
    })),
    preprocessing: preprocessing(context),
    assumed: image?.assumed ?? [],
    skipped,
    notices,
  }
}

/** @param perClass with a table of every class */
export function evaluationReport(context: EvaluationContext, result: Evaluation, perClass = false): Report {
  const { model, data, set, image } = context
  const assumed = image && assumptionText(image)
  const facts: [string, string][] = [
    ['Data', data],
    ['Images', result.images.toLocaleString('en')],
    ['Preprocessing', preprocessingText(preprocessing(context))],
    ['Accuracy', percent(result.accuracy)],
    ...(set.classes.length > 5 ? [['Top 5', percent(result.top5)] as [string, string]] : []),
    ['Loss', result.loss.toFixed(4)],
    ['Speed', `${Math.round(result.imagesPerSecond).toLocaleString('en')} images/s`],
  ]
  return { title: model, facts, tables: perClass ? [classTable(set, result)] : [], notes: assumed ? [assumed] : [] }
}

function classTable(set: ImageSet, { perClass }: Evaluation): Table {
  return {
    columns: [
      { key: 'class', header: 'Class', shorten: true },
      { key: 'images', header: 'Images', kind: 'count' },
      { key: 'correct', header: 'Correct', kind: 'count' },
      { key: 'accuracy', header: 'Accuracy', kind: 'ratio' },
    ],
    rows: perClass.map(({ images, correct }, i) => [
      set.classes[i] ?? String(i),
      images,
      correct,
      images === 0 ? '–' : percent(correct / images),
    ]),
  }
}
