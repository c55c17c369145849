import { unknownDim } from '../../base/index.ts'
import { defineOperator, type ReferenceOf } from '../operator.ts'
import { dense, typed } from '../shared/check.ts'
import { suppress } from './forward.ts'

/** The boxes that stay when those that overlap better ones go: [number, (batch, class, box)] (ONNX NonMaxSuppression). */
export const nonMaxSuppression = defineOperator({
  name: 'NonMaxSuppression',
  inputs: [
    ...['boxes: floating [N, S, 4]', 'scores: floating [N, C, S]'],
    ...['max_output_boxes_per_class?: whole (1)', 'iou_threshold?: floating (1)', 'score_threshold?: floating (1)'],
  ],
  attributes: (a) => ({ centred: a.flag('center_point_box') }),
  infer: () => [typed('int64', [unknownDim(), 3])],
  cost: 'data-dependent',
})

export const nonMaxSuppressionReference: ReferenceOf<typeof nonMaxSuppression> = {
  forward: (call, [boxes, scores, most, overlap, score]) => {
    if (!boxes || !scores) return []
    const found = suppress(boxes, scores, {
      centred: call.attributes.centred,
      most: most?.data[0] ?? 0,
      overlap: overlap?.data[0] ?? 0,
      score: score?.data[0],
    })
    return [dense('int64', [found.length / 3, 3], found)]
  },
}
