import { expect, it } from 'vitest'
import { epochLine } from './progress.ts'

it('says what an epoch came to; the rate of its last step is no 0 where it is small', () => {
  const metrics = { step: 78, epoch: 1, 'train/loss': 0.25, 'train/accuracy': 0.5, imagesPerSecond: 2340.4 }
  const line = (learningRate: number) => epochLine({ ...metrics, learningRate }, 1, false)
  expect(line(0.1)).toBe('epoch 1/1  loss 0.2500  accuracy 50.00 %  rate 0.1  2,340 images/s')
  // Of a cosine from 0.1 over 78 steps and over 46,900.
  expect(line(4.0546e-5)).toContain('  rate 0.0000405  ')
  expect(line(1.1217e-10)).toContain('  rate 1.12e-10  ')
})
