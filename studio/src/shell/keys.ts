import { views } from '../views/views.ts'

/** As keyboards of this system call it. */
const control = /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘' : 'Ctrl'

/** What works everywhere. No key stands alone: who dictates would press it by chance. */
export const keysOfShell: readonly (readonly [keys: string, does: string])[] = [
  [`${control} + O`, 'Open files'],
  [`${control} + S`, 'Save the session: the model at every step'],
  [`${control} + Z`, 'Undo: the model of the step before'],
  [`${control} + Shift + Z`, 'Redo'],
  [`${control} + /`, 'This list'],
  ...views.map(({ title }, i) => [`Alt + ${(i + 1) % 10}`, `Show ${title}`] as const),
  ['Escape', 'Stop reading a model, close a dialog'],
]
