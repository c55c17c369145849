import { shortNumber } from '../../report/index.ts'
import type { Agreement } from '../../workflow/index.ts'

export const agreementText = ({ maxAbsDiff, maxRelDiff }: Agreement): string =>
  `largest difference ${shortNumber(maxAbsDiff)}, ${shortNumber(maxRelDiff)} of the largest output`
