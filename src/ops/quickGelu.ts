import { swishOf } from './swish.ts'

/** Y = X · sigmoid(alpha·X); alpha 1.702 (com.microsoft QuickGelu). */
export const quickGelu = swishOf('QuickGelu', 'com.microsoft', 1.702)
