import { shuffle } from '../../base/index.ts'
import { beta, counting } from '../random.ts'
import { check, elementsOf, type ImageShape, type Step, type TransformOf } from './step.ts'

/**
 * Every image becomes λ · itself + (1 − λ) · another image of the batch, and its target likewise; one λ per batch, from Beta(alpha, alpha).
 * Partners are a random order of the batch, so that an image may be its own.
 * Source: Zhang, Cisse, Dauphin and Lopez-Paz, mixup: beyond empirical risk minimization (2018).
 */
export function mixupStep(transform: TransformOf<'mixup'>, shape: ImageShape): Step {
  const { alpha } = transform
  check(alpha > 0 && alpha < Infinity, transform, `alpha ${alpha} is not greater than 0`)
  const elements = elementsOf(shape)
  return {
    shape,
    run(images, _, { count, classes, targets, random }) {
      const partners = shuffle(counting(count), random)
      const weight = beta(alpha, alpha, random)
      mix(images, elements, partners, weight)
      mix(targets, classes, partners, weight)
    },
  }
}

function mix(rows: Float32Array, length: number, partners: Int32Array, weight: number): void {
  const before = rows.slice(0, partners.length * length)
  partners.forEach((partner, i) => {
    for (let at = 0; at < length; at++) {
      const [own, other] = [before[i * length + at]!, before[partner * length + at]!]
      rows[i * length + at] = weight * own + (1 - weight) * other
    }
  })
}
