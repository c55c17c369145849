import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Model, modelBytes } from '../../api/graph.ts'
import type { Contender } from '../../api/lab.ts'
import type { HostTensor } from '../../api/runtime.ts'
import { KerfError } from '../../base/index.ts'
import { openPeer } from '../bench/contenders.ts'
import { howToInstall } from '../bench/peers.ts'
import type { Io } from '../io.ts'

/** Opens a network in every other runtime that is installed; says which is not. */
export async function openPeers(
  model: Model,
  feeds: Readonly<Record<string, HostTensor>>,
  threads: number,
  io: Io,
): Promise<Contender[]> {
  const peers: Contender[] = []
  const folder = mkdtempSync(join(tmpdir(), 'kerf-lab-'))
  try {
    const path = join(folder, 'layers.onnx')
    writeFileSync(path, modelBytes(model))
    for (const name of ['ort-web', 'ort-node'] as const) {
      try {
        const peer = await openPeer(name, model, path, feeds, threads)
        if (peer) peers.push({ ...peer, name, version: `onnxruntime ${peer.version}` })
        else io.err(`kerf: ${name} is not installed, so that it is not compared: ${howToInstall[name]}.\n`)
      } catch (error) {
        if (!(error instanceof KerfError && error.code === 'runtime-refused')) throw error
        io.err(`kerf: ${error.message}\n`)
      }
    }
    return peers
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
