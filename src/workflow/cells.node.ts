import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { KerfError, makeFolder, parseJson, readWholeFile } from '../base/index.node.ts'
import { writeWhole } from '../train/index.node.ts'
import type { CellStore } from './cells.ts'

const encoded = (value: unknown) => [new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)]

/**
 * Cells in a folder, a JSON file each, beside `settings.json`, which says what they follow from. The folder is made with the first of them.
 * @param folder its path
 * @throws KerfError, from what it gives: `other-cells`, `bad-cell` for a damaged file, `disk-full`, `no-access`
 */
export function cellsIn(folder: string): CellStore {
  const settingsPath = join(folder, 'settings.json')
  const pathOf = (key: string) => join(folder, `${key}.json`)
  return {
    begin(settings) {
      makeFolder(folder)
      const now = JSON.parse(JSON.stringify(settings)) as unknown
      if (!existsSync(settingsPath)) return writeWhole(settingsPath, encoded(now))
      if (isDeepStrictEqual(readJson(settingsPath), now)) return
      throw new KerfError(
        'other-cells',
        `${folder} keeps parts of other work: the model, the data or the settings are not those of ${settingsPath}. Give the same ones, or another folder.`,
        { path: folder },
      )
    },
    read: (key) => (existsSync(pathOf(key)) ? readJson(pathOf(key)) : undefined),
    write: (key, cell) => writeWhole(pathOf(key), encoded(cell)),
  }
}

function readJson(path: string): unknown {
  try {
    return parseJson(new TextDecoder().decode(readWholeFile(path)))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new KerfError('bad-cell', `${path} is damaged: ${error.message}. Remove it, so that it is made anew.`, {
      path,
    })
  }
}
