import { KerfError, withoutControls } from '../base/index.ts'

/** The command was called wrongly: exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder, not a file',
  ENOTDIR: 'a part of the path is a file, not a folder',
  ENOSPC: 'the disk is full',
  EROFS: 'the disk is read-only',
  ENAMETOOLONG: 'the name is too long',
  EEXIST: 'something else of this name is in the way',
  ELOOP: 'it is a link that leads in a circle',
  EMFILE: 'too many files are open',
}

/**
 * One message for the user: what, where, and what to do. Never a stack trace, unless KERF_DEBUG asks for it, and no control characters, which may
 * come from a file that is quoted.
 */
export const messageOf = (error: unknown): string => withoutControls(composed(error), '\n\t')

function composed(error: unknown): string {
  if (error instanceof KerfError || error instanceof UsageError) return error.message
  if (!(error instanceof Error)) return String(error)
  const { code, path } = error as NodeJS.ErrnoException
  if (code && path && reasons[code]) return `${path}: ${reasons[code]}.`
  return `Unexpected ${error.name}: ${error.message}. This is a fault of Kerf; please report it with the command and the model (KERF_DEBUG=1 shows where).`
}
