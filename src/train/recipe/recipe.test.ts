import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { KerfError } from '../../base/index.ts'
import { createOptimiser } from '../optimisers/create.ts'
import { describeRecipe, recipeLines } from './describe.ts'
import { parseRecipe } from './parse.ts'
import { type RecipeInput, recipeJsonSchema, recipeSchema } from './schema.ts'
import { gradientChoices, optimiserSettings, scheduleOf } from './settings.ts'

const least: RecipeInput = { model: { net: 'resnet20' }, data: { kind: 'mnist', path: 'm' }, output: 'o', epochs: 3 }

function problems(input: unknown): string[] {
  try {
    parseRecipe(input)
  } catch (error) {
    if (!(error instanceof KerfError)) throw error
    const listed = error.details.problems as { path: string; problem: string }[]
    for (const { path, problem } of listed) expect(error.message).toContain(`\n  ${path}: ${problem}`)
    return listed.map(({ path, problem }) => `${path}: ${problem}`)
  }
  return []
}

describe('a recipe', () => {
  it('has defaults for all but model, data, output and epochs', () => {
    expect(parseRecipe(least)).toMatchObject({
      model: { net: 'resnet20', convolution: 'conv' },
      learningRate: 0.1,
      weightDecay: 5e-4,
      optimiser: { kind: 'sgd', momentum: 0.9, nesterov: false },
      schedule: { kind: 'cosine', end: 0, per: 'step' },
      adder: { adaptiveRate: 0.2, weightGradient: 'full', inputGradient: 'clip' },
      masks: 'none',
      validation: 0.1,
      seed: 0,
    })
    expect(parseRecipe({ ...least, optimiser: { kind: 'adamw' } })).toMatchObject({
      learningRate: 0.001,
      weightDecay: 0.01,
      optimiser: { betas: [0.9, 0.999] },
    })
    // With every default written out it is the same recipe.
    expect(parseRecipe(JSON.parse(JSON.stringify(parseRecipe(least))))).toEqual(parseRecipe(least))
  })

  it('lists all problems with path, value and what is allowed', () => {
    const found = problems({
      model: { net: 'resnt20', clases: 3 },
      data: { kind: 'mnst' },
      epochs: 0,
      threads: 1.5,
      batchSize: Number.NaN,
      optimiser: { kind: 'sgd', momentm: 2, betas: 1 },
      transforms: [
        { kind: 'flip', probability: 2 },
        { kind: 'resize', size: 'a' },
        { kind: 'normalise', mean: [], deviation: [0] },
      ],
      adder: { adaptiveRate: 'x', weightGradient: 'half' },
      output: '',
      sed: 1,
      ema: 3,
    })
    expect(found.map((p) => p.split(': ')[0])).toEqual([
      'model.net',
      'model.clases',
      'data.kind',
      'transforms[0].probability',
      'transforms[1].size',
      'transforms[2].mean',
      'transforms[2].deviation[0]',
      'output',
      'epochs',
      'batchSize',
      'optimiser.momentm',
      'optimiser.betas',
      'ema',
      'adder.adaptiveRate',
      'adder.weightGradient',
      'threads',
      'sed',
    ])
    const text = found.join('\n')
    for (const part of [
      /model\.net: received "resnt20"; expected one of "lenet5_bn", .*"fasternet_l"\. Did you mean "resnet20"\?/,
      'model.clases: no such name. Did you mean classes? Allowed here: net, convolution, classes, inChannels, inputSize',
      'data.kind: received "mnst"; expected one of "mnist", "fashion-mnist", "cifar10", "idx", "images", "tar", "npy", "generated". Did you mean "mnist"?',
      'transforms[0].probability: received 2; expected a number of at most 1',
      'transforms[1].size: received "a"; expected a number, or a list',
      'transforms[2].mean: received []; expected a list of at least 1',
      'transforms[2].deviation[0]: received 0; expected a number greater than 0',
      'output: received ""; expected a text that is not empty',
      'epochs: received 0; expected a number of at least 1',
      'batchSize: received NaN; expected a number',
      'optimiser.momentm: no such name. Did you mean momentum? Allowed here: kind, momentum, nesterov',
      'optimiser.betas: no such name. Allowed here: kind, momentum, nesterov',
      'ema: received 3; expected an object',
      'adder.adaptiveRate: received "x"; expected a number, or false',
      'adder.weightGradient: received "half"; expected one of "full", "sign"',
      'threads: received 1.5; expected an integer',
      'sed: no such name. Did you mean seed?',
    ])
      if (typeof part === 'string') expect(text).toContain(part)
      else expect(text).toMatch(part)
  })

  it('tells the alternatives of a model apart', () => {
    expect(problems({ ...least, model: {} })).toEqual(['model: give net or onnx'])
    expect(problems({ ...least, model: 'resnet20' })).toEqual(['model: received "resnet20"; expected an object'])
    expect(problems({ ...least, model: { onnx: 'a.onnx', convolution: 'adder' } })).toEqual([
      'model.convolution: no such name. Allowed here: onnx, classes, inputSize',
    ])
    expect(problems(3)).toEqual(['(recipe): received 3; expected an object'])
    expect(problems({})).toHaveLength(4)
  })

  it.each<[string, Partial<Record<keyof RecipeInput, unknown>>, string[]]>([
    [
      'images without a test set',
      { data: { kind: 'images', train: 'a' } },
      ['data: give either test or testFraction: accuracy is measured on images that are not trained on'],
    ],
    [
      'two test sets',
      { data: { kind: 'tar', train: 'a', test: 'b', testFraction: 0.1 } },
      [expect.stringContaining('data: give either')],
    ],
    [
      'channels',
      { transforms: [{ kind: 'normalise', mean: [1], deviation: [1, 2] }] },
      ['transforms[0]: mean has 1 channels, deviation 2; expected as many'],
    ],
    [
      'patience without validation images',
      { patience: 3, validation: 0 },
      ['patience: received 3; validation images tell when to end, and validation is 0. Leave one of the two out'],
    ],
    ['steps', { schedule: { kind: 'step' } }, ['schedule: give either everyEpochs or atEpochs']],
    [
      'steps that never come, a warm-up that never ends',
      { schedule: { kind: 'step', atEpochs: [1, 3], warmUp: { epochs: 3 } } },
      [
        'schedule.atEpochs[1]: epoch 3 never comes; training ends after 3',
        'schedule.warmUp.epochs: received 3; expected less than all epochs (3)',
      ],
    ],
    [
      'Nesterov',
      { optimiser: { kind: 'sgd', momentum: 0, nesterov: true } },
      ['optimiser.nesterov: needs a momentum greater than 0'],
    ],
    ['clipping of nothing', { gradientClip: {} }, [expect.stringContaining('gradientClip: give norm, value or both')]],
    [
      'smoothing',
      { loss: 'meanSquaredError', labelSmoothing: 0.1 },
      [expect.stringContaining('labelSmoothing: received 0.1; only the loss crossEntropy')],
    ],
    ['masks', { masks: 'zeros' }, [expect.stringContaining("masks: 'zeros' keeps the zeros of a pruned model")]],
  ])('refuses contradictions: %s', (_, more, expected) => {
    expect(problems({ ...least, ...more })).toEqual(expected)
  })
})

describe('a described recipe', () => {
  const given: RecipeInput = {
    ...least,
    seed: 3,
    transforms: [{ kind: 'crop' }, { kind: 'resize', size: [3, 4] }],
    schedule: { kind: 'step', everyEpochs: 1 },
  }
  const lines = recipeLines(parseRecipe(given), given)

  it('has every field, and tells which are defaults', () => {
    const of = (path: string) => lines.filter((line) => line.path === path).map((l) => [l.value, l.isDefault])
    expect(of('seed')).toEqual([['3', false]])
    expect(of('batchSize')).toEqual([['64, or all there are', true]])
    expect(of('learningRate')).toEqual([['0.1', true]])
    expect(of('model.classes')).toEqual([['those of the data', true]])
    expect(of('transforms[0].padding')).toEqual([['4', true]])
    expect(of('transforms[1].size')).toEqual([['[3,4]', false]])
    expect(of('schedule.factor')).toEqual([['0.1', true]])
    expect(of('schedule.end')).toEqual([])
    expect(of('ema')).toEqual([['none', true]])
    // None is forgotten: every property of the schema begins a line.
    const names = Object.keys(recipeJsonSchema().properties as object).filter((name) => name !== '$schema')
    expect([...new Set(lines.map((line) => line.path.split(/[.[]/)[0]))]).toEqual(names)
  })

  it('is text in columns', () => {
    const text = describeRecipe(parseRecipe(given), given)
    expect(text).toMatch(/^seed {15,}3$/m)
    expect(text).toMatch(/^weightDecay {10,}0\.0005 {10,}\(default\)$/m)
    expect(describeRecipe(parseRecipe(given))).not.toMatch(/weightDecay.*default/)
  })
})

it('recipes make optimisers, schedules and choices of gradients', () => {
  const recipe = parseRecipe({
    ...least,
    gradientClip: { norm: 1 },
    adder: { adaptiveRate: false, weightGradient: 'sign' },
  })
  expect(gradientChoices(recipe)).toEqual({ 'AdderConv.weight': 'sign', 'AdderConv.input': 'clip' })
  expect(scheduleOf(recipe)(15, 30, 10)).toBeCloseTo(0.05, 10)
  const settings = optimiserSettings(recipe)
  expect(settings).toMatchObject({
    clip: { norm: 1 },
    groups: { decay: { weightDecay: 5e-4 }, noDecay: {}, adder: { weightDecay: 5e-4 } },
  })
  expect(settings.groups.adder.adaptiveRate).toBeUndefined()
  const w = { name: 'w', value: Float32Array.of(1), gradient: Float32Array.of(10), group: 'noDecay' as const }
  createOptimiser(settings).step([w], 0.1)
  // Clipped to a norm of 1.
  expect(w.value[0]).toBeCloseTo(0.9, 6)
})

it('the JSON Schema is the one that zod makes', () => {
  expect(recipeJsonSchema()).toEqual({
    title: 'Kerf training recipe',
    ...z.toJSONSchema(recipeSchema, { io: 'input' }),
  })
})

it('docs/recipe.schema.json is what `npm run docs` writes', () => {
  const written = readFileSync(new URL('../../../docs/recipe.schema.json', import.meta.url), 'utf8')
  expect(written, 'out of date: run `npm run docs`').toBe(`${JSON.stringify(recipeJsonSchema(), null, 2)}\n`)
})
