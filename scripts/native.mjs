// `npm run native`: kernels in machine code, native/ compiled by clang and linked by lld into native/build/, one library for each system and processor.
// Without a C library, so that one machine makes all of them. Where there is no clang nothing is made, and Kerf runs on WebAssembly.
// `npm run native -- --apart`: the programs that tests run kernels in, for arm64 and with AddressSanitizer (native/apart.c).

import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { hasClang, nativeLibraries, root, run } from './prepare.mjs'

const source = join(root, 'native')
const api = join(root, 'node_modules', 'node-api-headers')
const folder = join(source, 'build')

/** Flags of each set of instructions that kernels are compiled for, and what the array of them is called (native/dispatch.h). */
const instructions = {
  x64: {
    kernelsAvx2: ['-mavx2', '-mfma'],
    kernelsAvxVnni: ['-mavx2', '-mfma', '-mavxvnni'],
    kernelsAvx512: [
      ...['-mavx2', '-mfma', '-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mavx512vnni'],
      '-mprefer-vector-width=512',
    ],
  },
  arm64: { kernelsNeon: [], kernelsNeonDot: ['-march=armv8.2-a+dotprod'] },
}

const common = [
  ...['-std=c11', '-O3', '-Wall', '-Werror', '-Wno-psabi', '-ffreestanding', '-ffp-contract=on'],
  ...['-fno-math-errno', '-fno-strict-aliasing'],
]

// What two sets of instructions have alike is there once (icf).
const shared = ['-shared', '--no-undefined-version', '-z', 'noexecstack', '--strip-all', '--gc-sections', '--icf=all']
const dylib = (arch) => [
  '-dylib',
  '-undefined',
  'dynamic_lookup',
  '-arch',
  arch,
  '-platform_version',
  'macos',
  '11.0',
  '11.0',
  '-dead_strip',
  '--icf=all',
]
const dll = ['/dll', '/noentry', '/nodefaultlib', '/opt:ref,icf']
const processors = { x64: 'x86_64', arm64: 'aarch64' }

/** By `process.platform`: how clang calls the system, which of its parts lld is to be, and its arguments. */
const systems = {
  linux: { triple: 'linux-gnu', flavor: 'gnu', link: () => shared },
  darwin: { triple: 'apple-macos11', flavor: 'darwin', link: (cpu) => dylib(cpu === 'x64' ? 'x86_64' : 'arm64') },
  win32: { triple: 'pc-windows-msvc', flavor: 'link', link: () => dll },
}

async function tool(name, args) {
  const { code, output } = await run(name, args)
  if (code !== 0) throw new Error(`${name} ${args.join(' ')}\n${output}`)
}

/** One library, whole or not at all. */
async function make(name, work) {
  const [system, cpu] = name.replace(/^kerf-|[.]node$/g, '').split('-')
  const { triple, flavor, link } = systems[system]
  const flags = [
    ...[`--target=${processors[cpu]}-${triple}`, ...common, '-fvisibility=hidden', '-fno-stack-protector'],
    ...['-ffunction-sections', '-fno-unwind-tables', '-fno-asynchronous-unwind-tables'],
    ...(system === 'win32' ? [] : ['-fPIC']),
    ...['-I', join(api, 'include')],
  ]
  const at = (part) => join(work, `${name}-${part}`)
  const compile = async (file, object, more) => {
    await tool('clang', [...flags, ...more, '-c', join(source, file), '-o', at(object)])
    return at(object)
  }
  const objects = [await compile('module.c', 'module.o', ['-fno-builtin'])]
  for (const [kernels, own] of Object.entries(instructions[cpu]))
    objects.push(await compile('kernels.c', `${kernels}.o`, [...own, `-DKERNELS=${kernels}`]))
  const library = at('library')
  const linker = ['-flavor', flavor, ...link(cpu), ...objects]
  if (system === 'win32') {
    const imports = at('node.lib')
    const machine = cpu === 'x64' ? 'i386:x86-64' : 'arm64'
    // The file of names that comes with the headers, and none that Node does not have.
    await tool('llvm-dlltool', ['-m', machine, '-d', join(api, 'def', 'node_api.def'), '-l', imports])
    await tool('lld', [...linker, imports, `/out:${library}`])
  } else await tool('lld', [...linker, '-o', library])
  renameSync(library, join(folder, name))
}

/** Programs that do kernels apart from tests (native/apart.c). @type {Readonly<Record<string, readonly string[]>>} */
const programs = Object.fromEntries(
  Object.entries({
    arm64: { NEON: 'kernelsNeon', 'NEON-DotProd': 'kernelsNeonDot' },
    x64: { AVX2: 'kernelsAvx2', 'AVX-VNNI': 'kernelsAvxVnni', 'AVX-512': 'kernelsAvx512' },
  }).flatMap(([cpu, sets]) =>
    Object.entries(sets).map(([name, kernels]) => [
      name,
      [
        ...(cpu === 'x64'
          ? ['-g', '-fsanitize=address']
          : ['--target=aarch64-linux-gnu', '-fno-stack-protector', '-nostdlib', '-static', '-fuse-ld=lld']),
        ...[...instructions[cpu][kernels], `-DKERNELS=${kernels}`],
      ],
    ]),
  ),
)

/** Those of them that this machine has the parts for. */
async function makeApart() {
  mkdirSync(folder, { recursive: true })
  for (const [name, flags] of Object.entries(programs)) {
    const files = ['apart.c', 'kernels.c'].map((file) => join(source, file))
    const { code, output } = await run('clang', [...common, ...flags, ...files, '-o', join(folder, `apart-${name}`)])
    if (code !== 0) console.error(output)
  }
}

/** All that can be made here. @returns {Promise<{ code: number, output: string }>} */
async function makeNative() {
  mkdirSync(folder, { recursive: true })
  // Beside what is made, so that it can be renamed.
  const work = mkdtempSync(join(folder, 'work-'))
  try {
    for (const name of nativeLibraries) await make(name, work)
    return { code: 0, output: '' }
  } catch (error) {
    return { code: 1, output: error.message }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

if (process.argv.includes('--apart')) await makeApart()
else if (await hasClang()) {
  const { code, output } = await makeNative()
  if (code !== 0) console.error(output)
  process.exitCode = code
} else
  console.error(
    'Kernels in machine code take clang and lld (Debian: apt-get install clang lld llvm). Kerf runs without them, on WebAssembly.',
  )
