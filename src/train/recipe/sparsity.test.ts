import { describe, expect, it } from 'vitest'
import type { KerfError } from '../../base/index.ts'
import { sparsityMethods } from '../sparsity/catalogue.ts'
import { parseRecipe } from './parse.ts'
import { type RecipeInput, recipeJsonSchema } from './schema.ts'
import { scheduleOf, sparsitySettings } from './settings.ts'

const recipe = (sparsity: unknown, more: Partial<RecipeInput> = {}) =>
  parseRecipe({
    model: { net: 'resnet20' },
    data: { kind: 'mnist', path: 'm' },
    output: 'o',
    epochs: 8,
    sparsity,
    ...more,
  })

const problems = (sparsity: unknown, more: Partial<RecipeInput> = {}): string[] => {
  try {
    recipe(sparsity, more)
  } catch (error) {
    const { details } = error as KerfError
    return (details.problems as { path: string; problem: string }[]).map((p) => `${p.path}: ${p.problem}`)
  }
  return []
}

/** Of the method of a recipe, at 100 steps an epoch. */
const settings = (sparsity: unknown) => {
  const { keep, ...rest } = sparsitySettings(recipe(sparsity), 100) as { keep: readonly { text: string }[] }
  expect(keep).toEqual([])
  return rest
}

describe("a recipe's sparsity", () => {
  it('has every method that there is, with its times in steps', () => {
    const schema = recipeJsonSchema() as {
      properties: { sparsity: { oneOf: { properties: { method: { const: string } } }[] } }
    }
    const named = schema.properties.sparsity.oneOf.map((m) => m.properties.method.const)
    expect(named.toSorted()).toEqual(sparsityMethods.map((m) => m.name).toSorted())
    expect(settings({ method: 'gmp', ratio: 0.9, beginEpoch: 0.5 })).toEqual({
      ...{ method: 'gmp', ratio: 0.9, initialRatio: 0, global: false },
      ...{ begin: 50, end: 600, every: 5 },
    })
    expect(settings({ method: 'sr-ste' })).toEqual({ method: 'sr-ste', n: 2, m: 4, penalty: 2e-4 })
    expect(settings({ method: 'lottery-ticket', ratio: 0.8, rounds: 3, rewindEpoch: 0.5 })).toEqual({
      ...{ method: 'lottery-ticket', ratio: 0.8, global: false },
      // 237 steps, then three times 187: 798 of 800.
      ...{ rounds: 3, rewindTo: 50, roundSteps: 237 },
    })
    expect(settings({ method: 'slimming' })).toEqual({ method: 'slimming', penalty: 1e-4, settled: 800 })
    expect(settings({ method: 'group-sparsity', contrast: 2 })).toEqual({
      ...{ method: 'group-sparsity', penalty: 1e-4, contrast: 2, settled: 800 },
    })
    // 45 increments within three quarters of 600 steps.
    expect(settings({ method: 'growing-regularisation', ratio: 0.5, limit: 0.9 })).toEqual({
      ...{ method: 'growing-regularisation', ratio: 0.5, limit: 0.9 },
      ...{ begin: 0, end: 600, every: 10, increment: 0.9 / 45 },
    })
    expect(settings({ method: 'sfp', ratio: 0.5, endEpoch: 4 })).toEqual({
      ...{ method: 'sfp', ratio: 0.5, begin: 0, every: 100, end: 400 },
    })
  })

  it('is none by default', () => {
    expect(sparsitySettings(recipe(undefined), 100)).toBeUndefined()
  })

  it('rewinds the learning rate with a lottery ticket', () => {
    const given = recipe({ method: 'lottery-ticket', ratio: 0.5, rewindEpoch: 2 })
    const schedule = scheduleOf(given)
    // Five epochs, then three from the second on.
    expect(schedule(50, 80, 10)).toBe(schedule(20, 80, 10))
    expect(schedule(20, 80, 10)).toBeCloseTo((0.1 * (1 + Math.cos((Math.PI * 20) / 50))) / 2, 12)
  })

  it.each<[unknown, Partial<RecipeInput>, string]>([
    [
      { method: 'gpm' },
      {},
      'sparsity.method: received "gpm"; expected one of "gmp", "sr-ste", .* Did you mean "gmp"\\?',
    ],
    [{ method: 'gmp' }, {}, 'sparsity.ratio: missing; expected a number'],
    [
      { method: 'sfp', ratio: 0.5, every: 3 },
      {},
      'sparsity.every: no such name. Allowed here: method, ratio, everyEpochs',
    ],
    [{ method: 'gmp', ratio: 0.5, endEpoch: 9 }, {}, 'sparsity.endEpoch: received 9; training ends after 8 epochs'],
    [
      { method: 'sfp', ratio: 0.5, beginEpoch: 8 },
      {},
      'sparsity.beginEpoch: received 8; expected less than its end \\(8\\)',
    ],
    [
      { method: 'gmp', ratio: 0.5, initialRatio: 0.6 },
      {},
      'sparsity.initialRatio: received 0.6; expected less than ratio',
    ],
    [{ method: 'sr-ste', n: 4 }, {}, 'sparsity.n: received 4; expected less than m \\(4\\)'],
    [{ method: 'sr-ste' }, { ema: {} }, 'ema: an average of the weights has not the zeros that sr-ste makes'],
  ])('refuses %o %o', (sparsity, more, message) => {
    expect(problems(sparsity, more).join('\n')).toMatch(new RegExp(message))
  })
})
