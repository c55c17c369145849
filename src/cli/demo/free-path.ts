import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '../../base/index.node.ts'

/** `out/STEM.onnx`, or with a number behind it: nothing is overwritten, and the demo can be run again. Makes the folder. */
export function freePath(stem: string): string {
  makeFolder('out')
  for (let n = 1; ; n++) {
    const path = join('out', `${stem}${n === 1 ? '' : `-${n}`}.onnx`)
    if (!existsSync(path) && !existsSync(`${path}.data`)) return path
  }
}
