/** What is wrong with a path that cannot be opened, by the system's code: Kerf's code, and the end of a sentence that begins with the path. */
export const pathProblems: Readonly<Record<string, readonly [code: string, text: string]>> = {
  ENOENT: ['not-found', 'does not exist. Check the path.'],
  ENOTDIR: ['not-found', 'does not exist: a part of the path is a file. Check the path.'],
  EISDIR: ['not-a-file', 'is a folder. Give the path of a file.'],
}
