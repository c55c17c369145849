import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** `out/STEM.onnx`, or with a number behind it: nothing is overwritten, and the demo can be run again. Makes the folder. */
export function freePath(stem: string): string {
  mkdirSync('out', { recursive: true })
  for (let n = 1; ; n++) {
    const path = join('out', `${stem}${n === 1 ? '' : `-${n}`}.onnx`)
    if (!existsSync(path) && !existsSync(`${path}.data`)) return path
  }
}
