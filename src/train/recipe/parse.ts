import { KerfError } from '../../base/index.ts'
import { sparsityMethodOf } from '../sparsity/catalogue.ts'
import { pathText, problemsOf, type RecipeProblem } from './problems.ts'
import { learningRateFrom, optimiserDefaults, type Recipe, recipeSchema } from './schema.ts'
import type { SparsityRecipe } from './sparsity-schema.ts'

/**
 * Checks a recipe and fills in its defaults.
 * @param input what JSON.parse gave
 * @throws KerfError `bad-recipe` listing every problem with its path and what is allowed there; `details.problems` has them one by one
 */
export function parseRecipe(input: unknown): Recipe {
  const result = recipeSchema.safeParse(input)
  const problems: RecipeProblem[] = []
  if (result.success) {
    const recipe: Recipe = {
      ...result.data,
      learningRate:
        result.data.learningRate ?? learningRateFrom(result.data.optimiser.kind, 'net' in result.data.model),
      weightDecay: result.data.weightDecay ?? optimiserDefaults[result.data.optimiser.kind].weightDecay,
    }
    problems.push(...contradictions(recipe))
    if (problems.length === 0) return recipe
  } else problems.push(...problemsOf(result.error.issues, recipeSchema, input))
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  throw new KerfError(
    'bad-recipe',
    `The recipe has ${count}:\n${problems.map((p) => `  ${p.path}: ${p.problem}`).join('\n')}`,
    { problems },
  )
}

/** What each field allows by itself, but not together. */
function contradictions(recipe: Recipe): RecipeProblem[] {
  const problems: RecipeProblem[] = []
  const wrong = (when: boolean, path: readonly PropertyKey[], problem: string) => {
    if (when) problems.push({ path: pathText(path), problem })
  }
  const { model, data, validation, schedule, epochs, optimiser, gradientClip, loss, patience } = recipe
  if (data.kind === 'images' || data.kind === 'tar' || data.kind === 'npy')
    wrong(
      (data.test === undefined) === (data.testFraction === undefined),
      ['data'],
      'give either test or testFraction: accuracy is measured on images that are not trained on',
    )
  wrong(
    patience !== undefined && validation === 0 && !('validation' in data && data.validation !== undefined),
    ['patience'],
    `received ${patience}; validation images tell when to end, and validation is 0. Leave one of the two out`,
  )
  recipe.transforms.forEach((t, i) => {
    if (t.kind === 'normalise')
      wrong(
        t.mean.length !== t.deviation.length,
        ['transforms', i],
        `mean has ${t.mean.length} channels, deviation ${t.deviation.length}; expected as many`,
      )
  })
  if (schedule.kind === 'step') {
    wrong(
      (schedule.everyEpochs === undefined) === (schedule.atEpochs === undefined),
      ['schedule'],
      'give either everyEpochs or atEpochs',
    )
    schedule.atEpochs?.forEach((epoch, i) => {
      wrong(epoch >= epochs, ['schedule', 'atEpochs', i], `epoch ${epoch} never comes; training ends after ${epochs}`)
    })
  }
  if (schedule.kind !== 'oneCycle' && schedule.warmUp)
    wrong(
      schedule.warmUp.epochs >= epochs,
      ['schedule', 'warmUp', 'epochs'],
      `received ${schedule.warmUp.epochs}; expected less than all epochs (${epochs})`,
    )
  if (optimiser.kind === 'sgd')
    wrong(optimiser.nesterov && optimiser.momentum === 0, ['optimiser', 'nesterov'], 'needs a momentum greater than 0')
  if (gradientClip)
    wrong(
      gradientClip.norm === undefined && gradientClip.value === undefined,
      ['gradientClip'],
      'give norm, value or both; leave gradientClip out for no clipping',
    )
  wrong(
    loss === 'meanSquaredError' && recipe.labelSmoothing > 0,
    ['labelSmoothing'],
    `received ${recipe.labelSmoothing}; only the loss crossEntropy smooths labels, expected 0`,
  )
  wrong(
    recipe.masks === 'zeros' && 'net' in model,
    ['masks'],
    "'zeros' keeps the zeros of a pruned model; a network by name has fresh weights. Give model.onnx, or masks 'none'",
  )
  if (recipe.sparsity) sparsityContradictions(recipe.sparsity, recipe, wrong)
  return problems
}

function sparsityContradictions(
  sparsity: SparsityRecipe,
  { epochs, ema }: Recipe,
  wrong: (when: boolean, path: readonly PropertyKey[], problem: string) => void,
): void {
  if ('endEpoch' in sparsity && sparsity.endEpoch !== undefined)
    wrong(
      sparsity.endEpoch > epochs,
      ['sparsity', 'endEpoch'],
      `received ${sparsity.endEpoch}; training ends after ${epochs} epochs`,
    )
  if ('beginEpoch' in sparsity) {
    const end = sparsity.endEpoch ?? epochs
    wrong(
      sparsity.beginEpoch >= end,
      ['sparsity', 'beginEpoch'],
      `received ${sparsity.beginEpoch}; expected less than its end (${end})`,
    )
  }
  if (sparsity.method === 'gmp')
    wrong(
      sparsity.initialRatio >= sparsity.ratio,
      ['sparsity', 'initialRatio'],
      `received ${sparsity.initialRatio}; expected less than ratio (${sparsity.ratio})`,
    )
  if (sparsity.method === 'sr-ste')
    wrong(sparsity.n >= sparsity.m, ['sparsity', 'n'], `received ${sparsity.n}; expected less than m (${sparsity.m})`)
  wrong(
    ema !== undefined && !sparsityMethodOf(sparsity.method).averages,
    ['ema'],
    `an average of the weights has not the zeros that ${sparsity.method} makes; leave one of the two out`,
  )
}
