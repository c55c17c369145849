// What is made of kernels/table.ts. Each target is a file that both people and compilers read. Run by scripts/kernels.mjs.

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Arg,
  type Args,
  type Begin,
  binaries,
  type Constant,
  constants,
  functions,
  type Kernel,
  kernels,
  places,
} from '../kernels/table.ts'

export interface Target {
  /** From the root of the repository. */
  readonly path: string
  readonly text: string
}

const header =
  '// Made from kernels/table.ts by scripts/kernel-targets.ts (npm run kernels). Not kept in version control.'

/** Binaries besides the first, with the files that lie in each. */
const others = Object.entries<readonly string[]>(binaries)

/** Which binary a kernel lies in: 0 is the first. */
const placeOf = ({ wasm }: Kernel): number => 1 + others.findIndex(([, files]) => files.includes(wasm))

/** In the order of their numbers: those of a binary lie together. */
const rows: readonly (readonly [name: string, kernel: Kernel])[] = Object.entries<Kernel>(kernels).sort(
  ([, a], [, b]) => placeOf(a) - placeOf(b),
)

/** Number of the first kernel in a binary. */
const firstOf = (place: number): number => rows.findIndex(([, kernel]) => placeOf(kernel) === place)
const numbers = Object.entries<Constant>(constants)
const groups = Object.entries<Readonly<Record<string, Constant>>>(places)
const lists = Object.entries<Readonly<Record<string, string>>>(functions)

/** What kernels begin with, each behind what it begins with itself. */
const begins = [...new Set(rows.flatMap(([, kernel]) => ancestors(kernel).reverse()))]

function ancestors({ begins: begin }: Pick<Kernel, 'begins'>): Begin[] {
  return begin ? [begin, ...ancestors(begin)] : []
}

const allArgs = (kernel: Kernel): Args =>
  Object.assign(
    {},
    ...ancestors(kernel)
      .reverse()
      .map((begin) => begin.args),
    kernel.args,
  )

const capital = (name: string): string => name[0]!.toUpperCase() + name.slice(1)

const comment = (text: string, indent = ''): string => (text === '' ? '' : `${indent}/** ${text} */\n`)

const sentence = (text: string): string => `${capital(text)}.`

const meaning = (arg: Arg): string => (arg.kind === 'address' ? `Address: ${arg.what}.` : sentence(arg.what))

/** Types of arguments, their layout, numbers of kernels and names of functions, for those who write programs. */
function typeScript(): string {
  const type = (arg: Arg): string => {
    if (arg.kind === 'function') return capital(arg.of)
    return arg.kind === 'flag' ? 'boolean' : arg.kind === 'wholes' ? 'readonly number[]' : 'number'
  }
  const fields = (args: Args): string =>
    Object.entries(args)
      .map(([name, arg]) => `${comment(meaning(arg), '  ')}  readonly ${name}: ${type(arg)}\n`)
      .join('')
  const record = (name: string, { begins: begin, args }: Pick<Kernel, 'begins' | 'args'>): string => {
    const own = Object.keys(args).length > 0 ? [`{\n${fields(args)}}`] : []
    return `export type ${capital(name)}Args = ${[...(begin ? [`${begin.name}Args`] : []), ...own].join(' & ')}\n`
  }
  const layout = (arg: Arg): string => {
    if (arg.kind === 'function') return `${arg.of}s`
    return arg.kind === 'wholes' ? String(arg.length) : arg.kind === 'float' ? 'f' : arg.kind === 'flag' ? 'b' : 'i'
  }
  return [
    header,
    ...numbers.map(([name, { value, what }]) => `${comment(sentence(what))}export const ${name} = ${value}\n`),
    ...groups.map(([name, entries]) => {
      const members = Object.entries(entries).map(
        ([entry, { value, what }]) => `${comment(sentence(what), '  ')}  ${entry}: ${value},\n`,
      )
      return `export const ${name} = {\n${members.join('')}} as const\n`
    }),
    ...lists.flatMap(([name, entries]) => [
      `/** In the order of their numbers. */\nexport const ${name}s = [`,
      ...Object.entries(entries).map(([entry, what]) => `${comment(what, '  ')}  '${entry}',`),
      `] as const\n\nexport type ${capital(name)} = (typeof ${name}s)[number]\n`,
    ]),
    ...begins.map((begin) => record(begin.name, begin)),
    ...rows.map(([name, kernel]) => `${comment(sentence(kernel.does))}${record(name, kernel)}`),
    '/** Arguments of each kernel. */',
    'export interface KernelArgs {',
    ...rows.map(([name]) => `  readonly ${name}: ${capital(name)}Args`),
    '}\n\nexport type KernelName = keyof KernelArgs\n',
    '/** How an argument lies: i32, float32, 0 or 1, so many i32, or the number of a name in a list. */',
    "export type ArgLayout = 'i32' | 'f32' | 'flag' | number | readonly string[]\n",
    "const i = 'i32'\nconst f = 'f32'\nconst b = 'flag'\n",
    '/** Number of each kernel, and its arguments in the order in which they lie. */',
    'export const kernels: {',
    '  readonly [K in KernelName]: { readonly id: number; readonly args: { readonly [A in keyof KernelArgs[K]]: ArgLayout } }',
    '} = {',
    ...rows.map(([name, kernel], id) => {
      const args = Object.entries(allArgs(kernel)).map(([arg, it]) => `${arg}: ${layout(it)}`)
      return `  ${name}: { id: ${id}, args: { ${args.join(', ')} } },`
    }),
    '}\n',
    '/** Binaries besides the first, and the number of the first kernel in each. */',
    `export const binaries = { ${others.map(([name], i) => `${name}: ${firstOf(i + 1)}`).join(', ')} } as const\n`,
    'export type BinaryName = keyof typeof binaries\n',
    '/** Of the table that this was made from: libraries of machine code have it, too. */',
    `export const tableVersion = '${version}'\n`,
  ].join('\n')
}

/** Classes that read arguments where they lie, and numbers of functions, for the kernels. */
function assemblyScript(): string {
  const field = ([name, arg]: [string, Arg]): string => {
    const doc = comment(meaning(arg), '  ')
    if (arg.kind === 'wholes') {
      const numbers = Array.from({ length: arg.length }, (_, i) => `  ${name}${i}: i32\n`)
      const getter = `  get ${name}(): usize {\n    return changetype<usize>(this) + offsetof<this>('${name}0')\n  }\n`
      return `${numbers.join('')}${doc}  // @inline\n${getter}`
    }
    const type = arg.kind === 'address' ? 'usize' : arg.kind === 'float' ? 'f32' : 'i32'
    return `${doc}  ${name}: ${type}\n`
  }
  const struct = (name: string, { begins: begin, args }: Pick<Kernel, 'begins' | 'args'>): string =>
    `@unmanaged\nexport class ${capital(name)}${begin ? ` extends ${begin.name}` : ''} {\n${Object.entries<Arg>(args).map(field).join('')}}\n`
  return [
    header,
    ...numbers.map(
      ([name, { type, value, what }]) => `${comment(sentence(what))}export const ${name}: ${type} = ${value}\n`,
    ),
    ...groups.map(([name, entries]) => {
      const members = Object.entries(entries).map(
        ([entry, { type, value, what }]) =>
          `${comment(sentence(what), '  ')}  export const ${entry}: ${type} = ${value}\n`,
      )
      return `export namespace ${name} {\n${members.join('')}}\n`
    }),
    ...lists.map(([name, entries]) => {
      const members = Object.entries(entries).map(([entry, what]) => `${comment(what, '  ')}  ${entry},\n`)
      return `export const enum ${capital(name)} {\n${members.join('')}}\n`
    }),
    ...begins.map((begin) => struct(begin.name, begin)),
    ...rows.map(([name, kernel]) => `${comment(`Arguments of \`${name}\`: ${kernel.does}.`)}${struct(name, kernel)}`),
  ].join('\n')
}

/**
 * A function that calls the kernel of a number.
 * @param place the binary that it is for
 * @param elsewhere what becomes of the others'
 */
function dispatch(place: number, elsewhere: readonly string[] = []): string {
  const own = rows.flatMap(([name, kernel], id) => (placeOf(kernel) === place ? [{ name, id, ...kernel }] : []))
  const imports = new Map<string, string[]>()
  for (const { name, wasm } of own) imports.set(wasm, [...(imports.get(wasm) ?? []), name])
  return [
    ...[...imports].map(([file, names]) => `import { ${names.join(', ')} } from './${file}'`),
    `import { ${own.map(({ name }) => capital(name)).join(', ')} } from './table.generated'`,
    '',
    ...(place === 0 ? ['// @inline'] : []),
    'export function call(kernel: i32, args: usize, thread: i32, threads: i32): void {',
    '  switch (kernel) {',
    ...own.map(
      ({ name, id }) =>
        `    case ${id}:\n      ${name}(changetype<${capital(name)}>(args), thread, threads)\n      break`,
    ),
    ...elsewhere,
    '  }\n}\n',
  ].join('\n')
}

/** That of the first binary, which knows those of the others. */
function firstDispatch(): string {
  const declared = others.map(
    ([name]) =>
      `// @external("env", "${name}")\ndeclare function ${name}(kernel: i32, args: usize, thread: i32, threads: i32): void\n`,
  )
  const choice = others.reduce(
    (rest, [name], i) =>
      `if (kernel >= ${firstOf(i + 1)}) ${name}(kernel, args, thread, threads)${rest && `\n      else ${rest}`}`,
    '',
  )
  return [header, ...declared, dispatch(0, ['    default:', `      ${choice}`])].join('\n')
}

const natives = rows.flatMap(([name, { native }], id) => (native === undefined ? [] : [{ name, id, file: native }]))

/** Structures that read arguments where they lie, and numbers, for the kernels in C. */
function structures(): string {
  const field = ([name, arg]: [string, Arg]): string => {
    const type = arg.kind === 'address' ? 'uint32_t' : arg.kind === 'float' ? 'float' : 'int32_t'
    return `${comment(meaning(arg), '  ')}  ${type} ${name}${arg.kind === 'wholes' ? `[${arg.length}]` : ''};\n`
  }
  const small = (name: string) => name[0]!.toLowerCase() + name.slice(1)
  const struct = (name: string, { begins: begin, args }: Pick<Kernel, 'begins' | 'args'>): string => {
    const first = begin ? `  ${begin.name} ${small(begin.name)};\n` : ''
    return `typedef struct {\n${first}${Object.entries<Arg>(args).map(field).join('')}} ${capital(name)};\n`
  }
  const constant = (name: string, { value, what }: Constant): string =>
    `${comment(sentence(what))}#define ${name} ${value}\n`
  return [
    header,
    '#pragma once\n',
    ...numbers.map(([name, number]) => constant(name, number)),
    ...groups.flatMap(([name, entries]) =>
      Object.entries(entries).map(([entry, number]) => constant(`${name}_${entry}`, number)),
    ),
    ...lists.map(
      ([name, entries]) =>
        `enum {\n${Object.keys(entries)
          .map((entry) => `  ${name}_${entry},\n`)
          .join('')}};\n`,
    ),
    ...begins.map((begin) => struct(begin.name, begin)),
    ...rows.map(([name, kernel]) => `${comment(`Arguments of \`${name}\`: ${kernel.does}.`)}${struct(name, kernel)}`),
    `#define kernelCount ${rows.length}\n`,
  ].join('\n')
}

/** Tells libraries of other tables from those of this one: their arguments would lie elsewhere. */
const version = createHash('sha256').update(structures()).update(JSON.stringify(natives)).digest('hex').slice(0, 12)

/** The functions in C, as entries of an array. */
function nativeDispatch(): string {
  return [
    header,
    '#include "dispatch.h"',
    ...[...new Set(natives.map(({ file }) => file))].map((file) => `#include "${file}.h"`),
    '',
    `#define NATIVE_KERNELS ${natives.map(({ name, id }) => `[${id}] = (Kernel)${name}`).join(', ')}\n`,
  ].join('\n')
}

export const targets: readonly Target[] = [
  { path: 'src/runtime/backends/wasm/engine/kernels.generated.ts', text: typeScript() },
  { path: 'kernels/table.generated.ts', text: assemblyScript() },
  { path: 'kernels/dispatch.generated.ts', text: firstDispatch() },
  ...others.map(([name], i) => ({
    path: `kernels/${name}-binary.generated.ts`,
    text: [header, dispatch(i + 1)].join('\n'),
  })),
  { path: 'native/table.generated.h', text: `${structures()}\n#define tableVersion "${version}"\n` },
  { path: 'native/dispatch.generated.h', text: nativeDispatch() },
]

/** What the binaries are made of, as one line of text: it stands in their module, so that a test sees whether that is up to date. */
export function sourcesLine(root: string): string {
  const files = readdirSync(join(root, 'kernels')).filter((name) => !name.endsWith('.generated.ts'))
  const hash = createHash('sha256')
  for (const path of [...files.sort().map((name) => join('kernels', name)), join('scripts', 'kernels.mjs')])
    hash.update(readFileSync(join(root, path)))
  return `// Made of sources whose SHA-256 is ${hash.digest('hex')}.`
}

export { packKernels } from './pack-kernels.ts'
