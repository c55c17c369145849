import type { Agreement } from '../../api/workflow.ts'
import { shortNumber } from '../../report/index.ts'

export const agreementText = ({ maxAbsDiff, maxRelDiff }: Agreement): string =>
  `largest difference ${shortNumber(maxAbsDiff)}, ${shortNumber(maxRelDiff)} of the largest output`
