// `kerf profile` of large files: time and memory of the whole process, Node's start included.

import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cliPath } from '../scripts/prepare.mjs'
import { measureProcess, median, verdict } from './measure.mjs'

/** A stack of linear layers of 8192 × 8192 float32 weights (256 MiB each), all zero: only their size matters here. */
async function stack(layers, folder) {
  const { GraphBuilder } = await import('../dist/api/graph.js')
  const { writeModelFile } = await import('../dist/api/files.node.js')
  const b = new GraphBuilder('stack')
  const n = 8192
  const data = { byteLength: 4 * n * n, bytes: (offset = 0, length = 4 * n * n - offset) => new Uint8Array(length) }
  let x = b.input('x', 'float32', ['N', n])
  for (let i = 0; i < layers; i++)
    x = b.node('Gemm', [x, b.constant(`w${i}`, { elementType: 'float32', shape: [n, n], data })])
  b.output(x)
  const path = join(folder, 'stack.onnx')
  writeModelFile(b.model(), path)
  return path
}

export async function benchmark() {
  const { nets } = await import('../dist/api/nets.js')
  const { writeModelFile } = await import('../dist/api/files.node.js')
  const folder = mkdtempSync(join(tmpdir(), 'kerf-bench-'))
  let missed = 0
  try {
    const resnet50 = join(folder, 'resnet50.onnx')
    writeModelFile(nets.resnet50(), resnet50)
    console.log('kerf profile, whole process, median of 7')
    const small = await series(resnet50)
    missed += verdict(`ResNet-50, one file of ${mb(statSync(resnet50).size)}: time`, small.seconds, 1.0, 's')
    missed += verdict(`ResNet-50, one file of ${mb(statSync(resnet50).size)}: peak memory`, small.peakMiB, 200, 'MiB')
    const path = await stack(10, folder)
    const external = statSync(`${path}.data`, { throwIfNoEntry: false })?.size ?? 0
    const large = await series(path)
    missed += verdict(`10 linear layers, ${mb(statSync(path).size + external)}: time`, large.seconds, 1.0, 's')
    missed += verdict(`10 linear layers, ${mb(statSync(path).size + external)}: peak memory`, large.peakMiB, 200, 'MiB')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return missed
}

const mb = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`

async function series(path) {
  const runs = []
  for (let i = 0; i < 7; i++) runs.push(await measureProcess(cliPath, ['profile', path, '--format', 'json']))
  return { seconds: median(runs.map((r) => r.seconds)), peakMiB: Math.max(...runs.map((r) => r.peakMiB)) }
}
