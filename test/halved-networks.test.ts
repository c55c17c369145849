// Networks of the kinds that people ask about, cut in half: what goes, and that ONNX Runtime gives for the cut network what it gives for the original
// with the same weights set to 0.

import { expect, it } from 'vitest'
import { type Model, tensorValues } from '../src/graph/index.ts'
import { modelBytes } from '../src/onnx/index.ts'
import { pruneModel } from '../src/prune/index.ts'
import { caseArray, caseModel } from '../src/testing/cases.ts'
import { describeOrt, type OrtTensor, runOrt } from '../src/testing/ort.ts'
import { compareOutputs } from '../src/testing/outputs.ts'
import { describeShared } from '../src/testing/shared.ts'

interface Case {
  readonly name: string
  /** Layers, channels and what stays of them, per group. */
  readonly groups: readonly (readonly [layers: string, channels: number, kept: number])[]
}

const cases: readonly Case[] = [
  { name: '72e-size-read-elsewhere', groups: [['/a/Conv', 8, 4]] },
  ...['03-shuffle-v1-groups3', '03c-shufflev1-g2-dyn'].map(
    (name): Case => ({
      name,
      groups: [
        ['/stem/Conv /u1/c2/Conv /u2/c2/Conv', 24, 12],
        ['/u1/c1/Conv /u1/dw/Conv', 12, 6],
        ['/u2/c1/Conv /u2/dw/Conv', 12, 6],
      ],
    }),
  ),
  {
    name: '13-nonlocal',
    groups: [
      ['/a/Conv /nl/o/Conv', 16, 8],
      ['/nl/t/Conv /nl/p/Conv', 4, 2],
      ['/nl/g/Conv', 8, 4],
      ['/b/Conv', 8, 4],
    ],
  },
  {
    name: '20-weightnorm',
    groups: [
      ['/a/Conv /b/Conv', 16, 8],
      ['/c/ConvTranspose', 8, 4],
    ],
  },
  {
    name: '22-einsum-nin',
    groups: [
      ['/a/Conv /p/Einsum', 8, 4],
      ['/q/Einsum /k/Einsum', 8, 4],
      ['/v/Einsum', 8, 4],
    ],
  },
]

const io = (name: string, array: string): OrtTensor => {
  const { shape, data } = caseArray(`reports/${name}`, array)
  return { type: 'float32', dims: shape, data: data as Float32Array }
}

/** Everything in a masked network is the original's, or 0. */
function expectMasked(masked: Model, given: Model): void {
  for (const [name, tensor] of masked.graph.initializers) {
    const before = given.graph.initializers.get(name)
    // What the network computes from its weights is stored now.
    if (!before) continue
    const values = tensorValues(before)
    tensorValues(tensor).forEach((v, i) => {
      if (v !== values[i]) expect(v).toBe(0)
    })
  }
}

describeShared('networks of ../shared/cases, cut in half', () => {
  describeOrt('in ONNX Runtime', () => {
    it.each(cases)('$name', async ({ name, groups }) => {
      const given = caseModel(`reports/${name}`)
      const x = io(name, 'in.x')
      const result = await pruneModel(given, {
        methods: ['filter', 'neuron'],
        inputs: new Map([['x', x.dims]]),
        scope: { ratio: 0.5 },
      })
      expect(result.groups.map((g) => [g.layers.join(' '), g.channels, g.kept])).toEqual(groups)
      const masked = result.masked!
      expectMasked(masked, given)
      const outputs = async (model: Model) => runOrt(modelBytes(model), { x })
      const before = await outputs(given)
      expect(compareOutputs({ y: io(name, 'torch.0') }, before)).toBeLessThan(1e-5)
      expect(compareOutputs(await outputs(masked), await outputs(result.model))).toBeLessThan(1e-5)
    })
  })
})
