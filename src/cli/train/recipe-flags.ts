import type { NamedNet } from '../../api/nets.ts'
import { parseRecipe, type Recipe, type RecipeProblem } from '../../api/train.node.ts'
import { KerfError } from '../../base/index.ts'
import { UsageError } from '../errors.ts'
import type { InputShapes } from '../options.ts'
import type { AugmentationFlags, ImageFlags } from '../vocabulary.ts'
import { type Assignment, assigned } from './assignments.ts'
import type { GivenData } from './data-option.ts'

/* Flags that stand for fields of a recipe. One table says which, in both directions: what is given, and what an error is about. */

export interface RecipeFlags extends ImageFlags, AugmentationFlags {
  readonly model?: string
  /** What `--classes` says when training; other commands take names by it. */
  readonly newClasses?: number | 'data'
  /** What `--input` says when training; elsewhere it is the shape that a network is counted with. */
  readonly inputShape?: InputShapes
  readonly headLr?: number
  readonly freezeBody?: boolean
  readonly net?: NamedNet
  readonly data?: GivenData
  readonly output?: string
  readonly epochs?: number
  readonly batchSize?: number
  readonly learningRate?: number
  readonly optimiser?: 'sgd' | 'adamw'
  readonly schedule?: 'constant' | 'cosine' | 'oneCycle'
  readonly weightDecay?: number
  readonly validation?: number
  readonly patience?: number
  readonly labelSmoothing?: number
  readonly teacher?: string
  readonly masks?: 'none' | 'zeros'
  readonly freeze?: readonly string[]
  readonly seed?: number
  readonly threads?: number
  readonly set?: readonly Assignment[]
}

interface Field {
  /** As the command line has it. */
  readonly flag: string
  readonly path: readonly string[]
  /** What the recipe has for what the flag gives; by default the same. */
  readonly value?: (given: never) => unknown
}

/** Height and width of the shape of images, channels first or last. @throws UsageError */
function sizeIn(shapes: InputShapes): readonly [height: number, width: number] {
  const [shape = [], ...others] = shapes.values()
  const [, second, third, fourth] = shape
  if (shape.length !== 4 || others.length > 0)
    throw new UsageError('--input: give the shape of a batch of images, as in 1,3,224,224.')
  return (fourth === 1 || fourth === 3) && second !== 1 && second !== 3 ? [second!, third!] : [third!, fourth!]
}

const fields: Partial<Record<keyof RecipeFlags, Field>> = {
  net: {
    flag: '--net',
    path: ['model'],
    value: ({ net, adder }: NamedNet) => ({ net, ...(adder ? { convolution: 'adder' } : {}) }),
  },
  model: { flag: '--model', path: ['model'], value: (onnx: string) => ({ onnx }) },
  newClasses: { flag: '--classes', path: ['model', 'classes'] },
  inputShape: { flag: '--input', path: ['model', 'inputSize'], value: sizeIn },
  headLr: { flag: '--head-lr', path: ['headLearningRate'] },
  freezeBody: { flag: '--freeze-body', path: ['freezeBody'] },
  data: { flag: '--data', path: ['data'] },
  output: { flag: '-o', path: ['output'] },
  epochs: { flag: '--epochs', path: ['epochs'] },
  batchSize: { flag: '--batch-size', path: ['batchSize'] },
  learningRate: { flag: '--lr', path: ['learningRate'] },
  optimiser: { flag: '--optimiser', path: ['optimiser'], value: (kind: string) => ({ kind }) },
  schedule: { flag: '--schedule', path: ['schedule'], value: (kind: string) => ({ kind }) },
  weightDecay: { flag: '--weight-decay', path: ['weightDecay'] },
  validation: { flag: '--validation', path: ['validation'] },
  patience: { flag: '--patience', path: ['patience'] },
  labelSmoothing: { flag: '--label-smoothing', path: ['labelSmoothing'] },
  teacher: { flag: '--teacher', path: ['distillation', 'teacher'] },
  masks: { flag: '--masks', path: ['masks'] },
  freeze: { flag: '--freeze', path: ['freeze'] },
  seed: { flag: '--seed', path: ['seed'] },
  threads: { flag: '--threads', path: ['threads'] },
}
const entries = Object.entries(fields) as [keyof RecipeFlags, Field][]

/** Flags of images, which make transforms. */
const imageFields: Partial<Record<keyof RecipeFlags, string>> = {
  ...{ resize: '--resize', fit: '--fit', crop: '--crop', channels: '--channels', scale: '--scale', mean: '--mean' },
  ...{ std: '--std', randomCrop: '--random-crop', flip: '--flip', cutout: '--cutout', mixup: '--mixup' },
}

/** The flags that were given, as the command line has them. */
export const flagsOf = (flags: RecipeFlags): string[] => [
  ...entries.flatMap(([name, { flag }]) => (flags[name] === undefined ? [] : [flag])),
  ...Object.entries(imageFields).flatMap(([name, flag]) =>
    flags[name as keyof RecipeFlags] === undefined ? [] : [flag],
  ),
  ...(flags.set?.length ? ['--set'] : []),
]

/** A recipe with what flags say of it, `--set` last. */
export function withRecipeFlags(recipe: unknown, flags: RecipeFlags): unknown {
  const given = entries.flatMap(([name, { path, value = (flag: unknown) => flag }]): Assignment[] =>
    // A field's value is of its own flag; of one among several TypeScript does not see that.
    flags[name] === undefined ? [] : [{ path, value: value(flags[name] as never) }],
  )
  return assigned(assigned(recipe, given), flags.set ?? [])
}

/**
 * `parseRecipe`, but what is wrong with a flag is said of the flag.
 * @param fromFile whether there is a file that has the other fields
 * @throws UsageError where flags alone are wrong; KerfError `bad-recipe`
 */
export function parseGivenRecipe(recipe: unknown, flags: RecipeFlags, fromFile: boolean): Recipe {
  try {
    return parseRecipe(recipe)
  } catch (error) {
    if (!(error instanceof KerfError && error.code === 'bad-recipe')) throw error
    const problems = (error.details.problems as readonly RecipeProblem[]).map((p) => ({
      ...p,
      flag: flagOf(p, flags, fromFile),
    }))
    if (problems.every((p) => p.flag === undefined)) throw error
    const lines = problems.map((p) => `${p.flag ?? p.path}: ${p.problem}`)
    const text =
      lines.length === 1
        ? `${lines[0]}${/[.?]$/.test(lines[0]!) ? '' : '.'}`
        : `There are ${lines.length} problems:\n${lines.map((l) => `  ${l}`).join('\n')}`
    throw problems.every((p) => p.flag !== undefined)
      ? new UsageError(text)
      : new KerfError(error.code, text, error.details)
  }
}

/** What the command line calls the field: undefined for one that only the file has. */
function flagOf({ path, problem }: RecipeProblem, flags: RecipeFlags, fromFile: boolean): string | undefined {
  const parts = path.replaceAll(/\[(\d+)\]/g, '.$1').split('.')
  const isIn = (of: readonly string[]) => of.every((part, i) => part === parts[i])
  const set = flags.set?.find((s) => isIn(s.path) || parts.every((part, i) => part === s.path[i]))
  if (set) return `--set ${set.path.join('.')}`
  // The field itself before those that hold it: --classes before --model.
  const given = entries
    .filter(([name, field]) => flags[name] !== undefined && isIn(field.path))
    .toSorted(([, a], [, b]) => b.path.length - a.path.length)[0]
  if (given) return given[1].flag
  if (fromFile || !/^(missing|give )/.test(problem)) return undefined
  const lacking = entries.filter(([, field]) => isIn(field.path)).map(([, field]) => field.flag)
  return lacking.length > 0 ? lacking.join(' or ') : undefined
}
