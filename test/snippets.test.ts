import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, it } from 'vitest'

// TypeScript in the README and in docs/ must compile as it stands in a project with the strictest settings, against the package's own types.

const root = fileURLToPath(new URL('../', import.meta.url))

const strictest: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
  types: ['node'],
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noFallthroughCasesInSwitch: true,
  noUnusedParameters: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  skipLibCheck: false,
}

/** The blocks of a Markdown file as modules that lie in the root, where `kerf` is this package. */
function snippetsOf(path: string): [name: string, code: string][] {
  const blocks = readFileSync(join(root, path), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)
  return [...blocks].map(([, code], i) => [join(root, `${path.replaceAll('/', '-')}-${i + 1}.ts`), code!])
}

/** What the compiler has against modules that exist in memory only. */
function complaints(modules: ReadonlyMap<string, string>): string[] {
  const host = ts.createCompilerHost(strictest)
  const { fileExists, readFile } = host
  host.fileExists = (path) => modules.has(path) || fileExists(path)
  host.readFile = (path) => modules.get(path) ?? readFile(path)
  const program = ts.createProgram([...modules.keys()], strictest, host)
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
}

it('compiles every snippet of the docs with the strictest settings, and would find a name that the package does not export', () => {
  const guides = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
  const snippets = ['README.md', ...guides.map((name) => `docs/${name}`)].flatMap(snippetsOf)
  expect(snippets.length).toBeGreaterThan(1)
  const wrong = join(root, 'wrong.ts')
  expect(complaints(new Map([...snippets, [wrong, "import { pruneNothing } from 'kerf'\npruneNothing()\n"]]))).toEqual([
    `${wrong}: Module '"kerf"' has no exported member 'pruneNothing'.`,
  ])
})
