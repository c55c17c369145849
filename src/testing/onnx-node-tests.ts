// The ONNX project's own backend tests, read out of ../shared/onnx/onnx-node-tests.tar.gz in memory.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { sharedPath } from './shared.ts'

export interface OnnxTest {
  /** `node/test_abs` */
  readonly name: string
  readonly model: Uint8Array
  /** Serialized TensorProto (or SequenceProto, OptionalProto) per input and output. */
  readonly dataSets: readonly { readonly inputs: readonly Uint8Array[]; readonly outputs: readonly Uint8Array[] }[]
}

/** Files of a tar archive (ustar, with the long names of GNU tar and pax) by path. */
export function untar(archive: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  const text = (at: number, length: number) =>
    new TextDecoder().decode(archive.subarray(at, at + length)).split('\0')[0] ?? ''
  let longName: string | undefined
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12).trim() || '0', 8)
    const kind = text(at + 156, 1)
    const prefix = text(at + 257, 5) === 'ustar' ? text(at + 345, 155) : ''
    const name = longName ?? (prefix ? `${prefix}/${text(at, 100)}` : text(at, 100))
    const content = archive.subarray(at + 512, at + 512 + size)
    longName = undefined
    if (kind === 'L') longName = text(at + 512, size)
    else if (kind === 'x') longName = /\d+ path=(.*)\n/.exec(text(at + 512, size))?.[1]
    else if (kind === '0' || kind === '') files.set(name.replace(/^\.\//, ''), content)
    at += 512 + Math.ceil(size / 512) * 512
  }
  return files
}

/** Every test of the archive, `node/` and `simple/`, in the order of their names. */
export function onnxNodeTests(): OnnxTest[] {
  const files = untar(gunzipSync(readFileSync(sharedPath('onnx/onnx-node-tests.tar.gz'))))
  const tests: OnnxTest[] = []
  const names = [...files.keys()]
    .filter((path) => path.endsWith('/model.onnx'))
    .map((path) => path.slice(0, -'/model.onnx'.length))
  for (const name of names.sort()) {
    const numbered = (folder: string, kind: string): Uint8Array[] => {
      const found: Uint8Array[] = []
      for (
        let file = files.get(`${folder}/${kind}_0.pb`);
        file;
        file = files.get(`${folder}/${kind}_${found.length}.pb`)
      )
        found.push(file)
      return found
    }
    const dataSets = []
    for (let i = 0; ; i++) {
      const folder = `${name}/test_data_set_${i}`
      const set = { inputs: numbered(folder, 'input'), outputs: numbered(folder, 'output') }
      if (set.inputs.length === 0 && set.outputs.length === 0) break
      dataSets.push(set)
    }
    tests.push({ name, model: files.get(`${name}/model.onnx`)!, dataSets })
  }
  return tests
}
