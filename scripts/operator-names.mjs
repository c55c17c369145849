// Generic walks ask operators for facts and name none: node scripts/operator-names.mjs lists the places in src/ that compare a node's operator with a
// name, or look it up in a list of names, and fails where there is one that is not allowed below.

import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Folders and files whose subject are certain operators, and why. */
export const allowed = {
  'src/ops/': 'what operators say',
  'src/nets/': 'architectures are made of operators',
  'src/rewrite/': 'patterns: what is put in the place of what',
  'src/quantize/': 'patterns: adder layers, and how files write codes',
  'src/lab/': 'experiments about adder layers',
  'src/runtime/backends/wasm/lowerings/': 'the tables of kernels, typed by operator',
  'src/train/graph/classifier.ts': 'a pattern: what a network of scores, or of probabilities, ends with',
  'src/testing/': 'tests',
}

const isAllowed = (path) => path.endsWith('.test.ts') || Object.keys(allowed).some((prefix) => path.startsWith(prefix))

/** ONNX names of the operators in src/ops: of their definitions, and of the helpers that make families of them. */
export function namesIn(folder) {
  const names = new Set()
  for (const path of sources(folder)) {
    const text = readFileSync(path, 'utf8')
    for (const [, a, b] of text.matchAll(
      /\n {2}name: '(\w+)'|^(?:export const \w+(?:: \w+)? =| {2}\w+:) \w+\(\s*'(\w+)'/gm,
    ))
      names.add(a ?? b)
  }
  return names
}

const sources = (folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))

/** Whether an expression is a node's operator: `node.opType`, `operator.name`. */
const isOperator = (node) => /(^|\W)opType\b|\boperator\??\.name\b/.test(node.getText())

/**
 * Where a source compares operators with names, or looks them up in a list, a set, a map or an object of names that stands in the same file.
 * @param {string} text of a TypeScript file
 * @param {ReadonlySet<string>} names of operators
 * @returns {{ line: number, name: string }[]}
 */
export function comparisons(text, names) {
  const file = ts.createSourceFile('walk.ts', text, ts.ScriptTarget.Latest, true)
  const found = []
  const report = (node, name) => {
    found.push({ line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1, name })
  }
  const nameOf = (node) => (ts.isStringLiteralLike(node) && names.has(node.text) ? node.text : undefined)
  /** Names in a literal, which may lie in `new Set(…)` and the like. */
  const namesWithin = (node) => {
    const own = []
    const visit = (n) => {
      const key = ts.isPropertyAssignment(n) || ts.isShorthandPropertyAssignment(n) ? n.name : undefined
      const name = key && names.has(key.getText()) ? key.getText() : nameOf(n)
      if (name) own.push(name)
      ts.forEachChild(n, visit)
    }
    visit(node)
    return own
  }
  const constants = new Map()
  const declared = (node) => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer)
      constants.set(node.name.text, node.initializer)
    ts.forEachChild(node, declared)
  }
  declared(file)
  const listed = (node) => (ts.isIdentifier(node) ? constants.get(node.text) : node)
  const visit = (node) => {
    if (ts.isBinaryExpression(node) && /^[!=]==?$/.test(node.operatorToken.getText()))
      for (const [one, other] of [
        [node.left, node.right],
        [node.right, node.left],
      ])
        if (nameOf(one) && isOperator(other)) report(node, nameOf(one))
    if (ts.isSwitchStatement(node) && isOperator(node.expression))
      for (const clause of node.caseBlock.clauses)
        if (ts.isCaseClause(clause) && nameOf(clause.expression)) report(clause, nameOf(clause.expression))
    const asked =
      ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)
        ? /^(has|includes|indexOf|get)$/.test(node.expression.name.text) && [
            node.expression.expression,
            node.arguments[0],
          ]
        : ts.isElementAccessExpression(node) && [node.expression, node.argumentExpression]
    if (asked?.[1] && isOperator(asked[1])) {
      const list = listed(asked[0])
      for (const name of list ? namesWithin(list) : []) report(node, name)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** @returns what is wrong, a line each */
function problems() {
  const names = namesIn(join(root, 'src', 'ops'))
  const wrong = []
  const used = new Set()
  for (const path of sources(join(root, 'src'))) {
    const own = relative(root, path).split(sep).join('/')
    if (own.endsWith('.test.ts')) continue
    const found = comparisons(readFileSync(path, 'utf8'), names)
    for (const prefix of Object.keys(allowed)) if (found.length > 0 && own.startsWith(prefix)) used.add(prefix)
    if (!isAllowed(own))
      for (const { line, name } of found)
        wrong.push(`${own}:${line} names ${name}. Ask the operator for a fact (src/graph/operator.ts) instead.`)
  }
  const files = Object.keys(allowed).filter((prefix) => prefix.endsWith('.ts') && !used.has(prefix))
  return [
    ...wrong,
    ...files.map((prefix) => `${prefix} names no operator any more: take it off the list of this script.`),
  ]
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const wrong = problems()
  for (const line of wrong) console.log(line)
  if (wrong.length === 0) console.log('No walk names an operator.')
  process.exitCode = wrong.length > 0 ? 1 : 0
}
