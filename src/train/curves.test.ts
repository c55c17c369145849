import { expect, it } from 'vitest'
import { trainingCurves } from './curves.ts'

it('a chart per quantity, a line per data set, only for what was measured', () => {
  const curves = trainingCurves([
    { step: 5, epoch: 0.5, 'validation/loss': 3, imagesPerSecond: 9 },
    { step: 10, epoch: 1, 'train/loss': 2, 'validation/loss': 1, learningRate: 0.1 },
  ])
  expect(curves).toEqual([
    {
      title: 'Loss',
      xLabel: 'epoch',
      series: [
        { name: 'train', points: [[1, 2]] },
        {
          name: 'validation',
          points: [
            [0.5, 3],
            [1, 1],
          ],
        },
      ],
    },
    { title: 'Learning rate', xLabel: 'epoch', series: [{ name: 'learning rate', points: [[1, 0.1]] }] },
  ])
  expect(trainingCurves([])).toEqual([])
})
