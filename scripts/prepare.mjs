// Brings a checkout to the point where `dist/` can run: dependencies as locked, a build no older than the sources.
// What it is not: a task runner. It does nothing that is already done, and it uses nothing but Node.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
export const cliPath = join(root, 'dist', 'cli', 'main.js')
// What is made of kernels/ for src/.
const generated = [
  ...['kernels', ...['kernels', 'codes', 'training', 'unpack'].map((name) => join('binaries', name))].map((name) =>
    join(root, 'src', 'runtime', 'backends', 'wasm', 'engine', `${name}.generated.ts`),
  ),
  ...['table', 'dispatch'].map((name) => join(root, 'native', `${name}.generated.h`)),
]

// Stamps live in node_modules, so that removing it forgets them too. A modification time would not do:
// a fresh clone gives every file the same one.
const stampDir = join(root, 'node_modules', '.kerf')

/**
 * Runs a command in the project root.
 * @param {string} command
 * @param {string[]} args
 * @param {{ stream?: boolean, env?: NodeJS.ProcessEnv, cwd?: string }} [options] `stream`: show the output as it comes instead of
 *   collecting it; `cwd`: another folder than the project root
 * @returns {Promise<{ code: number, output: string }>} `output` is stdout and stderr together, empty when streamed
 */
export function run(command, args, { stream = false, env = process.env, cwd = root } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: stream ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    })
    const chunks = []
    child.stdout?.on('data', (chunk) => chunks.push(chunk))
    child.stderr?.on('data', (chunk) => chunks.push(chunk))
    child.on('error', (error) => resolve({ code: 127, output: `${command}: ${error.message}\n` }))
    child.on('close', (code) => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() }))
  })
}

/**
 * Runs the command-line program of an installed package with this very Node: no shell, the same on every system.
 * @param {string} packageName
 * @param {string} bin name of the program in the package's `bin`
 * @param {string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export function runBin(packageName, bin, args, options) {
  const dir = join(root, 'node_modules', packageName)
  const manifest = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'))
  const target = typeof manifest.bin === 'string' ? manifest.bin : manifest.bin[bin]
  return run(process.execPath, [join(dir, target), ...args], options)
}

/** Installs what package-lock.json names, unless that is what was installed last. */
export async function install() {
  const wanted = hashOf(['package-lock.json', '.npmrc'], [process.platform, process.arch])
  if (isStamped('install', wanted)) return { code: 0, output: '' }
  return withProgress('Installing dependencies', async () => {
    const result = await npm(['ci', '--loglevel=error'])
    if (result.code === 0) stamp('install', wanted)
    return result
  })
}

/** Kernels in machine code, by system and processor as Node calls them. */
export const nativeLibraries = ['linux', 'darwin', 'win32'].flatMap((system) =>
  ['x64', 'arm64'].map((cpu) => `kerf-${system}-${cpu}.node`),
)

/** Whether kernels can be made in machine code. */
export async function hasClang() {
  for (const name of ['clang', 'lld', 'llvm-dlltool']) if ((await run(name, ['--version'])).code === 127) return false
  return true
}

/** Makes kernels in machine code where there is a compiler, unless the sources are those they were made from. */
const buildNative = () => compileNative('native', nativeLibraries)

/** Makes the programs that tests run kernels in, likewise: for arm64 and with AddressSanitizer. Expects `build()` to have succeeded. */
export const buildApart = () => compileNative('apart', ['apart-NEON'], ['--apart'])

async function compileNative(name, files, args = []) {
  const sources = readdirSync(join(root, 'native')).filter((file) => /[.][ch]$/.test(file))
  const wanted = hashOf([
    'package-lock.json',
    'scripts/native.mjs',
    ...sources.sort().map((file) => join('native', file)),
  ])
  const made = files.every((file) => existsSync(join(root, 'native', 'build', file)))
  if ((made && isStamped(name, wanted)) || !(await hasClang())) return { code: 0, output: '' }
  const result = await run(process.execPath, [join(root, 'scripts', 'native.mjs'), ...args])
  if (result.code === 0) stamp(name, wanted)
  return result
}

/** Compiles the kernels and builds `dist/`, unless the sources are those it was built from. Expects `install()` to have succeeded. */
export async function build() {
  const kernelFiles = readdirSync(join(root, 'kernels'))
    .filter((path) => !path.endsWith('.generated.ts'))
    .map((path) => join('kernels', path))
  const compiler = join('node_modules', 'assemblyscript', 'package.json')
  const wantedKernels = hashOf([compiler, 'scripts/kernels.mjs', 'scripts/kernel-targets.ts', ...kernelFiles.sort()])
  const wanted = hashOf(
    ['package.json', 'package-lock.json', 'tsconfig.json', 'tsdown.config.ts', ...sourceFiles()],
    [wantedKernels],
  )
  const compiled = generated.every(existsSync) && isStamped('kernels', wantedKernels)
  if (compiled && existsSync(cliPath) && isStamped('build', wanted)) return buildNative()
  return withProgress('Building', async () => {
    if (!compiled) {
      const kernels = await run(process.execPath, [join(root, 'scripts', 'kernels.mjs')])
      if (kernels.code !== 0) return kernels
      stamp('kernels', wantedKernels)
    }
    const native = await buildNative()
    if (native.code !== 0) return native
    const result = await runBin('tsdown', 'tsdown', ['--log-level', 'warn'])
    if (result.code !== 0) return result
    // A page for `kerf bench --browser`: one file, since a browser finds no packages.
    const page = [
      '--bundle',
      '--format=esm',
      '--platform=browser',
      '--target=es2022',
      '--log-level=warning',
      '--minify-whitespace',
    ]
    const bundled = await runBin('esbuild', 'esbuild', [
      'src/cli/bench/browser-page.ts',
      '--outfile=dist/cli/browser-page.js',
      ...page,
    ])
    if (bundled.code !== 0) return bundled
    const studio = await runBin('vite', 'vite', ['build', '--config', 'studio/vite.config.ts', '--logLevel', 'error'])
    if (studio.code === 0) stamp('build', wanted)
    return studio
  })
}

/** Runs npm: the very one that called this script, if one did. */
export function npm(args, options) {
  const npmCli = process.env.npm_execpath
  if (npmCli?.endsWith('.js')) return run(process.execPath, [npmCli, ...args], options)
  return process.platform === 'win32' ? run('cmd', ['/c', 'npm', ...args], options) : run('npm', args, options)
}

/** Says on stderr what is going on and how long it took; what `work` printed is shown only if it failed. */
async function withProgress(label, work) {
  const { stderr } = process
  const start = Date.now()
  const seconds = () => `${Math.round((Date.now() - start) / 1000)} s`
  stderr.write(`${label} …`)
  const timer = stderr.isTTY ? setInterval(() => stderr.write(`\r${label} … ${seconds()}`), 1000) : undefined
  const result = await work()
  clearInterval(timer)
  const ending = result.code === 0 ? seconds() : `failed after ${seconds()}`
  stderr.write(stderr.isTTY ? `\r${label} … ${ending}\n` : ` ${ending}\n`)
  if (result.code !== 0) stderr.write(result.output)
  return result
}

function sourceFiles() {
  return ['src', 'studio']
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((path) => join(folder, path)))
    .filter((path) => !/[.](test|generated)[.]ts$/.test(path) && statSync(join(root, path)).isFile())
    .sort()
}

/**
 * @param {string[]} files paths relative to the root; names count as well as contents
 * @param {string[]} [extra]
 */
function hashOf(files, extra = []) {
  const hash = createHash('sha256')
  for (const part of extra) hash.update(`${part}\0`)
  for (const file of files) {
    const content = readFileSync(join(root, file))
    hash.update(`${file}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}

function isStamped(name, wanted) {
  const path = join(stampDir, name)
  return existsSync(path) && readFileSync(path, 'utf8') === wanted
}

function stamp(name, value) {
  const path = join(stampDir, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, value)
}
