// `npm run reference`: the reference of all that is public, as Markdown, from its documentation: docs/reference. Generated, so not in git: it is made
// where the package is packed.

import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Application, Comment, Logger, LogLevel } from 'typedoc'
import { root } from './prepare.mjs'

export const referenceFolder = join(root, 'docs', 'reference')

/** Entry points by the file that lists their names: `kerf/cost`, src/api/cost.ts. The root is first: what it has, the others refer to. */
export function entryPoints() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return Object.entries(exports).flatMap(([name, entry]) => {
    const types = (entry.default ?? entry).types ?? entry.types
    if (!types) return []
    return [{ name: name.replace('.', 'kerf'), file: join(root, 'src', 'api', `${basename(types, '.d.ts')}.ts`) }]
  })
}

/** Keeps what TypeDoc has to say. */
class Kept extends Logger {
  /** @type {string[]} */
  problems = []

  /**
   * @param {string} message
   * @param {LogLevel} level
   */
  log(message, level) {
    if (level >= LogLevel.Warn) this.problems.push(message)
  }
}

/** Kerf's own. What follows from these constants (`typeof`) is written out. */
const kerf = {
  tsconfig: join(root, 'tsconfig.reference.json'),
  writtenOut: ['bits', 'blocks', 'comparisonSchema', 'layerColumns', 'recipeSchema'],
}

/**
 * What files export, as TypeDoc sees it.
 * @param {{ name: string, file: string }[]} entries
 * @returns `problems`: types that are mentioned and not public, links that lead nowhere; `write`, which puts a page for each entry into a folder
 */
export async function readReference(entries = entryPoints(), { tsconfig, writtenOut } = kerf) {
  const app = await Application.bootstrapWithPlugins({
    ...{ entryPoints: entries.map(({ file }) => file), tsconfig, name: 'Kerf', readme: 'none', logLevel: 'Warn' },
    ...{ excludeInternal: true, excludePrivate: true, excludeExternals: true, disableSources: true },
    // Types are checked elsewhere.
    skipErrorChecking: true,
    validation: { notExported: true, invalidLink: true, notDocumented: false },
    intentionallyNotExported: writtenOut,
    // What a sentence says of a member may be about the one before.
    sort: ['source-order'],
    plugin: ['typedoc-plugin-markdown'],
    ...{ outputFileStrategy: 'modules', hidePageHeader: true, useCodeBlocks: true, parametersFormat: 'table' },
    ...{ tableColumnSettings: { hideModifiers: true } },
    ...{ interfacePropertiesFormat: 'table', typeDeclarationFormat: 'table', propertyMembersFormat: 'table' },
  })
  const logger = new Kept()
  app.logger = logger
  const project = await app.convert()
  if (!project) throw new Error(logger.problems.join('\n'))
  const modules = project.children ?? []
  for (const { name, file } of entries) {
    const module = modules.find((child) => child.name === basename(file, '.ts'))
    if (!module) continue
    module.name = name
    // The first line of an entry point says what it is for.
    const [, text = ''] = /^\/\/ `.*?`.*?: (.*)/.exec(readFileSync(file, 'utf8')) ?? []
    module.comment = new Comment([{ kind: 'text', text: text.charAt(0).toUpperCase() + text.slice(1) }])
  }
  // Names of pages are given in this order: `kerf/rewrite` before what `kerf` has, `Rewrite`.
  project.childrenIncludingDocuments?.sort((a, b) => (a.name > b.name ? -1 : 1))
  for (const { groups = [] } of [project, ...modules])
    for (const { children } of groups) children.sort((a, b) => (a.name < b.name ? -1 : 1))
  app.validate(project)
  /** @param {string} folder is replaced */
  const write = (folder) => app.outputs.writeOutput({ name: 'markdown', path: folder }, project)
  return { project, problems: logger.problems, write }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { problems, write } = await readReference()
  await write(referenceFolder)
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length > 0 ? 1 : 0
}
