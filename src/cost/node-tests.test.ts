import { expect, it } from 'vitest'
import { readModel } from '../onnx/index.ts'
import { onnxNodeTests } from '../testing/onnx-node-tests.ts'
import { describeShared } from '../testing/shared.ts'
import { profileModel } from './profile.ts'

const counts = [
  'params',
  'nonZeroParams',
  'macs',
  'adds',
  'muls',
  'others',
  'reads',
  'writes',
  'bytesRead',
  'bytesWritten',
] as const

describeShared('every model of the ONNX project’s node tests', () => {
  it('is counted in whole numbers, or says what of it is not', () => {
    let models = 0
    let whole = 0
    const wrong: string[] = []
    for (const { name, model } of onnxNodeTests()) {
      models++
      for (const fused of [false, true]) {
        const profile = profileModel(readModel(model), { fused, countNonZero: true })
        if (!fused && profile.unsupported.length === 0) whole++
        for (const layer of profile.layers)
          for (const key of counts) {
            const value = layer[key]
            const listed = profile.unsupported.some((u) => layer.name === u.name || layer.members?.includes(u.name))
            if (value === null ? !listed : !Number.isSafeInteger(value) || value < 0)
              wrong.push(`${name}: ${layer.name} ${key} ${value}`)
          }
      }
    }
    console.log(`Counted ${models} models, ${whole} of them in full.`)
    expect(wrong).toEqual([])
    // 1,802 of single operators, 23 simple ones.
    expect(models).toBe(1825)
    expect(whole).toBeGreaterThan(1200)
  })
})
