// Small models of ../shared/cases, with inputs and the outputs that PyTorch gives for them.

import { readFileSync } from 'node:fs'
import type { Model } from '../graph/index.ts'
import { memorySource, readModel } from '../onnx/index.ts'
import { type HostTensor, hostTensor } from '../runtime/index.ts'
import { sharedPath } from './shared.ts'

/** @param path `reports/18-crnn-lstm`; `file` another one in its folder than the model */
export const caseModel = (path: string, file = 'model.onnx'): Model =>
  readModel(memorySource(readFileSync(sharedPath('cases', path, file)), path))

/** A float32 array of the case's folder `io`, as NumPy wrote it: `in.x`, `torch.0`. */
export function caseArray(path: string, name: string): HostTensor {
  const file = readFileSync(sharedPath('cases', path, 'io', `${name}.npy`))
  const header = file.subarray(10, 10 + file.readUInt16LE(8)).toString('latin1')
  const [, shape = ''] = /'descr': '<f4'.*'fortran_order': False.*'shape': \(([\d, ]*)\)/.exec(header) ?? []
  const sizes = shape.split(',').flatMap((d) => (d.trim() === '' ? [] : [Number(d)]))
  const data = file.subarray(10 + header.length)
  return hostTensor(
    'float32',
    sizes,
    new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.length)),
  )
}
