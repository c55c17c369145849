import { type Constants, constantContent } from '../graph/index.ts'

/** Whether zeros in a stored tensor arrive as zeros in what is computed from it: masking there is then masking here. */
export function keepsZeros(constants: Constants, value: string, tensor: string): boolean {
  if (value === tensor) return true
  const { data } = constantContent(constants, value, tensor)
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) return false
  return true
}
