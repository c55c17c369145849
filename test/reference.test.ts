// What is public is documented: every name that src/api exports, every member of it, every parameter; every type that it mentions is public, too; and
// `npm run reference` makes pages of it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Comment,
  type DeclarationReflection,
  type ParameterReflection,
  type ProjectReflection,
  ReflectionKind,
  type SignatureReflection,
} from 'typedoc'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

interface Entry {
  readonly name: string
  readonly file: string
}
interface Reference {
  readonly project: ProjectReflection
  readonly problems: readonly string[]
  write(folder: string): Promise<void>
}
// A script without types.
const { entryPoints, readReference } = (await import(new URL('../scripts/reference.mjs', import.meta.url).href)) as {
  entryPoints(): Entry[]
  readReference(entries?: readonly Entry[], of?: { tsconfig: string; writtenOut: string[] }): Promise<Reference>
}

const {
  Accessor,
  Class,
  Constructor,
  Function: Func,
  Interface,
  Method,
  Property,
  TypeAlias,
  TypeLiteral,
  Variable,
} = ReflectionKind

/** What has no documentation, one line each. */
function gapsOf({ reflections }: ProjectReflection): string[] {
  return Object.values(reflections).flatMap((reflection) => {
    const isGap = reflection.isParameter()
      ? !isSaid(reflection)
      : reflection.isDeclaration() && !isDocumented(reflection)
    return isGap ? [reflection.getFullName()] : []
  })
}

function isDocumented(of: DeclarationReflection): boolean {
  if (!of.kindOf([Accessor, Class, Func, Interface, Method, Property, TypeAlias, Variable])) return true
  // What tells the alternatives of a union apart is said by its value.
  if (of.kindOf(Property) && of.type?.type === 'literal') return true
  // What is in a table (`nets`), the table's text says.
  if (of.parent?.kindOf(TypeLiteral) && of.parent.parent?.kindOf(Variable)) return true
  const inner = of.type?.type === 'reflection' ? (of.type.declaration.signatures ?? []) : []
  const signatures = [...(of.signatures ?? []), ...inner, of.getSignature, of.setSignature]
  return [of, ...signatures].some((r) => r?.comment?.hasVisibleComponent())
}

/**
 * By a tag; or where the text, or that of the class, names it: "The parts of `value` along `axis`"; or by its type, which is public. What is said of one
 * overload holds for all.
 */
function isSaid({ name, parent, type }: ParameterReflection): boolean {
  const owner = (parent as SignatureReflection).parent
  // Of a parameter that is taken apart, the parts have documentation of their own.
  if (!owner.kindOf([Constructor, Func, Method]) || name === '__namedParameters') return true
  if (type?.type === 'reference' && type.reflection) return true
  const signatures = owner.signatures ?? []
  const tagged = signatures.flatMap((s) => s.parameters ?? []).filter((p) => p.name === name)
  const texts = [owner.parent?.comment, ...signatures.map(({ comment }) => comment)].flatMap(partsOf)
  return tagged.some((p) => p.comment?.hasVisibleComponent()) || texts.includes(`\`${name}\``)
}

const partsOf = (comment: Comment | undefined): string[] =>
  [...(comment?.summary ?? []), ...(comment?.blockTags ?? []).flatMap((tag) => tag.content)].map(({ text }) => text)

const folder = mkdtempSync(join(tmpdir(), 'kerf-reference-'))
afterAll(() => rmSync(folder, { recursive: true }))

it('finds what has no documentation, and no more', async () => {
  const file = join(folder, 'sample.ts')
  const tsconfig = join(folder, 'tsconfig.json')
  writeFileSync(join(folder, 'package.json'), '{ "name": "sample" }')
  writeFileSync(tsconfig, JSON.stringify({ compilerOptions: { noLib: true, types: [], strict: true }, files: [file] }))
  // Documentation begins a line.
  writeFileSync(
    file,
    `export const a = 1
/** B. */
export function b(x: number) { return x }
/** C.
 * @param x a size */
export function c(x: number) { return x }
/** Twice \`x\`. */
export function d(x: number, y: number) { return x }
/** Twice \`x\`. */
export function e({ x }: { x: number }) { return x }
/** F. */
export interface F { readonly a: number; /** In bytes. */ readonly b: number; readonly c: { readonly d: number } }
/** G. */
export type G = { readonly kind: 'a'; readonly b: number }
interface Hidden {}
/** H. */
export const h = (x: Hidden, f: F) => x
/** K. */
export class K { m() {} /** N. */ n() {} private p() {} }
/** L. */
export interface L { /** Of \`a\`. */ f(a: number): 1; f(a: string): 2; g(): 1; g(a: string): 2; /** J. @internal */ i: Hidden }
/** M. */
export const table = { m: 1 }
`.replaceAll('/**', '\n/**'),
  )
  const { project, problems } = await readReference([{ name: 'sample', file }], { tsconfig, writtenOut: [] })
  // A signature has the name of what it is of.
  const short = (name: string) => name.replaceAll('.__type', '').replace(/(\w)\.\1\./, '$1.')
  expect([...new Set(gapsOf(project).map(short))].sort()).toEqual(
    ['a', 'b.x', 'd.y', 'e.__namedParameters.x', 'F.a', 'F.c', 'F.c.d', 'G.b', 'h.x', 'K.m', 'L.g', 'L.g.a'].sort(),
  )
  expect(problems).toEqual([
    'Hidden, defined in sample/sample.ts, is referenced by h but not included in the documentation',
  ])
})

describe('what is public', () => {
  let reference: Reference
  beforeAll(async () => {
    reference = await readReference()
  }, 300_000)

  it('has documentation', () => {
    expect(gapsOf(reference.project)).toEqual([])
  })

  it('mentions nothing that is not, and links to what is there', () => {
    expect(reference.problems).toEqual([])
  })

  it('becomes a page for each entry point', async () => {
    await reference.write(join(folder, 'pages'))
    const names = entryPoints().map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['kerf', 'kerf/cost', 'kerf/files', 'kerf/workflow']))
    for (const name of names)
      expect(readFileSync(join(folder, 'pages', `${name}.md`), 'utf8')).toMatch(new RegExp(`^# ${name}\n\n[A-Z]`, 'm'))
    const page = readFileSync(join(folder, 'pages', 'kerf', 'runtime.md'), 'utf8')
    expect(page).toContain('[`Backend`](#backend)')
  })
})
