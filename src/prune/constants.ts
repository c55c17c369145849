import { type Constants, constantContent } from '../graph/index.ts'

/** Whether zeros in a stored tensor arrive as zeros in what is computed from it: masking there is then masking here. */
export function keepsZeros(constants: Constants, value: string, tensor: string): boolean {
  return value === tensor || Array.from(constantContent(constants, value, tensor).data).every((v) => v === 0)
}
