// What is public is documented: every name that src/api exports, every member of it, every parameter; and every type that it mentions is public, too.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../', import.meta.url))
const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  lib: ['lib.es2023.d.ts', 'lib.webworker.d.ts'],
  types: ['node'],
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
  strict: true,
  resolveJsonModule: true,
}

/** Gaps in the documentation of what some files export, one line each. */
function gapsOf(files: readonly string[], host?: ts.CompilerHost): string[] {
  const program = ts.createProgram([...files], host ? { ...options, noLib: true, types: [] } : options, host)
  return new Search(program.getTypeChecker(), files).gaps(files.map((file) => program.getSourceFile(file)!))
}

class Search {
  readonly #checker: ts.TypeChecker
  readonly #own: string
  readonly #public = new Set<ts.Symbol>()
  readonly #gaps: string[] = []

  constructor(checker: ts.TypeChecker, files: readonly string[]) {
    this.#checker = checker
    // What lies beside and above the entry points is our own; the rest are libraries.
    this.#own = files[0]!.includes('/src/') ? join(root, 'src') : files[0]!.replace(/[^/]*$/, '')
  }

  gaps(sources: readonly ts.SourceFile[]): string[] {
    const entries = sources.map((source) => ({
      entry: source.fileName.replace(/^.*\//, ''),
      symbols: this.#checker.getExportsOfModule(this.#checker.getSymbolAtLocation(source)!),
    }))
    for (const { symbols } of entries) for (const symbol of symbols) this.#public.add(this.#original(symbol))
    const seen = new Set<ts.Symbol>()
    for (const { entry, symbols } of entries)
      for (const symbol of symbols) {
        const original = this.#original(symbol)
        if (seen.has(original)) continue
        seen.add(original)
        for (const declaration of original.declarations ?? [])
          this.#declaration(declaration, `${entry}: ${symbol.name}`)
      }
    return this.#gaps
  }

  #original(symbol: ts.Symbol): ts.Symbol {
    return symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol
  }

  #missing(node: ts.Node, name: string): void {
    if (!hasText(node)) this.#gaps.push(`${name} has no documentation`)
  }

  #declaration(node: ts.Declaration, name: string): void {
    if (isInternal(node)) return
    if (ts.isFunctionDeclaration(node)) {
      this.#function(node, name)
    } else if (ts.isVariableDeclaration(node)) {
      this.#missing(node.parent.parent, name)
      const { initializer } = node
      if (initializer && ts.isArrowFunction(initializer))
        this.#signature(initializer, name, documentedParameters(node.parent.parent))
      else if (node.type) this.#type(node.type, name)
    } else if (ts.isInterfaceDeclaration(node)) {
      this.#missing(node, name)
      for (const { types } of node.heritageClauses ?? []) for (const t of types) this.#mentioned(t, name)
      for (const member of node.members) this.#member(member, name)
    } else if (ts.isClassDeclaration(node)) {
      this.#missing(node, name)
      for (const member of node.members) this.#member(member, name)
    } else if (ts.isTypeAliasDeclaration(node)) {
      this.#missing(node, name)
      this.#type(node.type, name)
    }
  }

  /** Of overloads, what is implemented is not seen; what is said of one holds for all. */
  #function(node: ts.FunctionDeclaration | ts.MethodDeclaration | ts.MethodSignature, name: string): void {
    const symbol = node.name && this.#checker.getSymbolAtLocation(node.name)
    const all: ts.Node[] = symbol?.declarations?.filter(ts.isFunctionLike) ?? [node]
    if (all.length > 1 && 'body' in node && node.body) return
    if (all[0] === node && !all.some(hasText)) this.#missing(node, name)
    this.#signature(node, name, all.flatMap(documentedParameters))
  }

  #member(member: ts.TypeElement | ts.ClassElement, owner: string): void {
    if (isInternal(member) || isHidden(member)) return
    if (ts.isConstructorDeclaration(member)) {
      this.#signature(member, `new ${owner}`, documentedParameters(member))
      return
    }
    if (!member.name || ts.isPrivateIdentifier(member.name)) return
    const name = `${owner}.${member.name.getText()}`
    const type = ts.isPropertySignature(member) || ts.isPropertyDeclaration(member) ? member.type : undefined
    // What tells the alternatives of a union apart is said by its value.
    if (type && ts.isLiteralTypeNode(type)) return
    if (ts.isMethodSignature(member) || ts.isMethodDeclaration(member)) {
      this.#function(member, name)
      return
    }
    this.#missing(member, name)
    if (ts.isAccessor(member)) this.#signature(member, name, documentedParameters(member))
    else if (type) this.#type(type, name)
  }

  #signature(node: ts.SignatureDeclaration, name: string, documented: readonly string[]): void {
    for (const parameter of node.parameters) {
      const text = parameter.name.getText()
      const said = boundNames(parameter.name).every((n) => documented.includes(n)) || this.#isOfPublicType(parameter)
      if (!said) this.#gaps.push(`${name}: the parameter ${text.slice(0, 40)} has no documentation`)
      if (parameter.type) this.#type(parameter.type, `${name}(${text.slice(0, 40)})`)
    }
    if (node.type) this.#type(node.type, name)
  }

  /** Of a type of ours: `a: Profile, b: Profile`. The type says what it is, and the function's text what becomes of it. */
  #isOfPublicType({ type }: ts.ParameterDeclaration): boolean {
    if (!type || !ts.isTypeReferenceNode(type)) return false
    const symbol = this.#checker.getSymbolAtLocation(type.typeName)
    return symbol !== undefined && this.#public.has(this.#original(symbol))
  }

  /** Members of types that are written out, and the names of those that are mentioned. */
  #type(node: ts.TypeNode, name: string): void {
    if (ts.isTypeLiteralNode(node)) for (const member of node.members) this.#member(member, name)
    else if (ts.isFunctionTypeNode(node)) {
      for (const { type } of node.parameters) if (type) this.#type(type, name)
      this.#type(node.type, name)
    } else {
      if (ts.isTypeReferenceNode(node)) this.#mentioned(node, name)
      ts.forEachChild(node, (child) => {
        if (ts.isTypeNode(child)) this.#type(child, name)
      })
    }
  }

  #mentioned(node: ts.TypeReferenceNode | ts.ExpressionWithTypeArguments, name: string): void {
    // What follows from a constant (`typeof`) is written out; the constant need not be public.
    const at = ts.isTypeReferenceNode(node) ? node.typeName : node.expression
    const symbol = this.#checker.getSymbolAtLocation(at)
    const original = symbol && this.#original(symbol)
    const declaration = original?.declarations?.[0]
    if (!declaration || ts.isTypeParameterDeclaration(declaration) || isInternal(declaration)) return
    const isOurs = declaration.getSourceFile().fileName.startsWith(this.#own)
    if (
      isOurs &&
      !this.#public.has(original) &&
      !this.#gaps.includes(`${name} mentions ${original.name}, which is not public`)
    )
      this.#gaps.push(`${name} mentions ${original.name}, which is not public`)
  }
}

const hasText = (node: ts.Node): boolean =>
  ts.getJSDocCommentsAndTags(node).some((doc) => {
    if (!ts.isJSDoc(doc)) return false
    // `@returns …`, `@throws …`, `@param …` alone say enough of a short function.
    return doc.comment !== undefined || (doc.tags?.length ?? 0) > 0
  })

/** Those with a tag, and those that the text names: "The parts of `value` along `axis`." */
const documentedParameters = (node: ts.Node): string[] =>
  ts.getJSDocCommentsAndTags(node).flatMap((doc) => {
    const tags = ts.isJSDoc(doc) ? [...(doc.tags ?? [])].filter(ts.isJSDocParameterTag) : []
    return [
      ...tags.map((tag) => tag.name.getText()),
      ...[...doc.getText().matchAll(/`(\w+)`/g)].map((match) => match[1]!),
    ]
  })

/** Of a parameter that is taken apart, the names of its parts. */
const boundNames = (name: ts.BindingName): string[] =>
  ts.isIdentifier(name)
    ? [name.text]
    : name.elements.flatMap((e) => (ts.isBindingElement(e) && !e.dotDotDotToken ? boundNames(e.name) : []))

const isInternal = (node: ts.Node): boolean =>
  ts
    .getJSDocTags(ts.isVariableDeclaration(node) ? node.parent.parent : node)
    .some((tag) => tag.tagName.text === 'internal')

const isHidden = (member: ts.TypeElement | ts.ClassElement): boolean =>
  ts.canHaveModifiers(member) &&
  (ts
    .getModifiers(member)
    ?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword || kind === ts.SyntaxKind.ProtectedKeyword) ??
    false)

/** What the search finds in a file that exists in memory only. */
function gapsIn(text: string): string[] {
  // Documentation begins a line.
  const source = text.replaceAll('/**', '\n/**')
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile } = host
  const file = join(root, 'sample.ts')
  host.fileExists = (path) => path === file || fileExists(path)
  host.readFile = (path) => (path === file ? source : readFile(path))
  return gapsOf([file], host)
}

describe('the search for gaps', () => {
  it.each([
    ['export const a = 1', ['sample.ts: a has no documentation']],
    ['/** A. */ export function f(x: number) { return x }', ['sample.ts: f: the parameter x has no documentation']],
    ['/** A. @param x a size */ export function f(x: number) { return x }', []],
    ['/** Twice `x`. */ export function f(x: number) { return x }', []],
    [
      '/** Twice `x`. */ export function f({ x, y }: { /** A. */ x: number; /** B. */ y: number }) { return x }',
      ['sample.ts: f: the parameter { x, y } has no documentation'],
    ],
    ['/** O. */ export interface O { readonly a: number }', ['sample.ts: O.a has no documentation']],
    ['/** O. */ export interface O { /** In bytes. */ readonly a: number }', []],
    [
      '/** O. */ export interface O { /** Is. */ readonly a: { readonly b: number } }',
      ['sample.ts: O.a.b has no documentation'],
    ],
    ["/** O. */ export type O = { readonly kind: 'a'; readonly b: number }", ['sample.ts: O.b has no documentation']],
    [
      '/** I. */ interface I {} /** F. */ export const f = (i: I) => i',
      ['sample.ts: f: the parameter i has no documentation', 'sample.ts: f(i) mentions I, which is not public'],
    ],
    ['/** C. */ export class C { m() {} /** N. */ n() {} #p() {} }', ['sample.ts: C.m has no documentation']],
    ['/** I. */ export interface I { /** Of `a`. */ f(a: number): 1; f(a: string): 2 }', []],
    [
      '/** I. */ export interface I { f(): 1; f(a: string): 2 }',
      ['sample.ts: I.f has no documentation', 'sample.ts: I.f: the parameter a has no documentation'],
    ],
  ])('%s', (source, gaps) => {
    expect(gapsIn(source)).toEqual(gaps)
  })
})

it('finds none in what is public', () => {
  const folder = join(root, 'src/api')
  const names = readdirSync(folder)
  // The builds for Node have the names of the others.
  const entries = names.filter((name) => !name.endsWith('.node.ts') || !names.includes(name.replace('.node.ts', '.ts')))
  expect(entries.length).toBeGreaterThan(8)
  expect(gapsOf(entries.map((name) => join(folder, name)))).toEqual([])
})
