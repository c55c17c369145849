import { expect, it } from 'vitest'
import { assigned, assignment } from './assignments.ts'

const set = (recipe: unknown, ...texts: string[]) =>
  assigned(
    recipe,
    texts.reduce((before, text) => assignment(text, before), [] as ReturnType<typeof assignment>),
  )

it('sets fields without JSON: numbers, texts, lists of numbers, places in lists', () => {
  expect(set({}, 'epochs=3', 'model.net=resnet20', 'schedule.atEpochs=10,20', 'optimiser.betas=0.9, 0.99')).toEqual({
    epochs: 3,
    model: { net: 'resnet20' },
    schedule: { atEpochs: [10, 20] },
    optimiser: { betas: [0.9, 0.99] },
  })
  expect(set({}, 'schedule.atEpochs=10,', 'data.train=a,b')).toEqual({
    schedule: { atEpochs: [10] },
    data: { train: 'a,b' },
  })
  expect(set({}, 'transforms[0].kind=flip', 'transforms[1].kind=crop')).toEqual({
    transforms: [{ kind: 'flip' }, { kind: 'crop' }],
  })
  expect(set({ transforms: [{ kind: 'flip' }] }, 'transforms[0].probability=0.2')).toEqual({
    transforms: [{ kind: 'flip', probability: 0.2 }],
  })
})
