import { describe, expect, it } from 'vitest'
import { analyse, bindInputs, GraphBuilder, type Model, simplified, tensorOf } from '../graph/index.ts'
import { nets } from '../nets/index.ts'
import { operatorFacts } from '../ops/index.ts'
import { type LayerFormula, layerFormulas } from './layer-formulas.ts'
import { profileModel } from './profile.ts'

/** Every layer's formulas, by the name of its first output. */
function formulasOf(model: Model): ReadonlyMap<string, readonly LayerFormula[]> {
  const binding = bindInputs(model.graph)
  const analysis = analyse(simplified(model, operatorFacts, binding), operatorFacts, binding)
  return new Map(analysis.model.graph.nodes.map((node) => [node.outputs[0]!, layerFormulas(analysis, node)]))
}

/** What a written calculation comes to: products of numbers with raised exponents, divided by one of them, summed. */
function calculated(text: string): number {
  const exponent = (raised: string) => Number([...raised].map((c) => '⁰¹²³⁴⁵⁶⁷⁸⁹'.indexOf(c)).join(''))
  const product = (factors: string) =>
    factors.split('·').reduce((p, factor) => {
      const [, base, raised] = /^(\d+)([⁰¹²³⁴⁵⁶⁷⁸⁹]*)$/.exec(factor)!
      return p * Number(base) ** (raised ? exponent(raised) : 1)
    }, 1)
  return text.split(' + ').reduce((sum, term) => {
    const [above, below] = term.replaceAll(/[()]/g, '').split('/')
    return sum + product(above!) / (below ? product(below) : 1)
  }, 0)
}

describe('formulas of a layer', () => {
  it.each(['resnet18', 'mobilenet_v2', 'fasternet_t0', 'ghostnet', 'squeezenet1_1'] as const)(
    'come, with its sizes, to what the counter counts: %s',
    (name) => {
      const model = nets[name]()
      const formulas = formulasOf(model)
      let written = 0
      for (const layer of profileModel(model).layers) {
        const own = new Map(formulas.get(layer.outputs[0]!.name)!.map((f) => [f.count, f]))
        for (const count of ['macs', 'muls', 'adds', 'others', 'params', 'reads', 'writes'] as const) {
          const formula = own.get(count)
          expect([layer.name, count, formula?.value ?? 0]).toEqual([layer.name, count, layer[count]])
          if (formula?.numbers === undefined) continue
          expect([layer.name, count, calculated(formula.numbers)]).toEqual([layer.name, count, layer[count]])
          written++
        }
        if (layer.macs! > 0) expect(own.get('macs')!.formula).toContain('C_')
      }
      expect(written).toBeGreaterThan(50)
    },
  )

  it('are written in the usual letters, without sizes of 1', () => {
    const model = nets.mobilenet_v2()
    const formulas = formulasOf(model)
    const byName = (name: string) => {
      const node = model.graph.nodes.find((n) => n.name === name)!
      return formulas.get(node.outputs[0]!)!.map((f) => `${f.count} = ${f.formula} = ${f.numbers} = ${f.value}`)
    }
    const depthwise = profileModel(model).layers.find((l) => l.kind === 'depthwise')!
    // 3×3 on 32 channels of 112×112.
    expect(byName(depthwise.name)[0]).toBe('macs = H·W·k²·C_in·C_out/g = 112·112·3²·32·32/32 = 3612672')
    const linear = profileModel(model).layers.at(-1)!
    expect(byName(linear.name)).toEqual([
      'macs = C_in·C_out = 1280·1000 = 1280000',
      'muls = C_in·C_out = 1280·1000 = 1280000',
      'adds = C_in·C_out + Y = 1280·1000 + 1·1000 = 1281000',
      'params = B + C = 1000·1280 + 1000 = 1281000',
      'reads = A + B + C = 1280 + 1280000 + 1000 = 1282280',
      'writes = Y = 1000 = 1000',
    ])
  })

  it('know batches, one and three axes, oblong windows, transposed convolutions, and products of matrices', () => {
    const weights = (shape: readonly number[]) =>
      tensorOf('float32', shape, new Float32Array(shape.reduce((p, d) => p * d, 1)))
    const macs = (op: string, x: readonly number[], w: readonly number[], attributes: Record<string, number> = {}) => {
      const b = new GraphBuilder('one')
      b.output(b.node(op, [b.input('x', 'float32', x), b.constant('w', weights(w))], attributes))
      const [layer] = profileModel(b.model()).layers
      const formula = formulasOf(b.model())
        .get(layer!.outputs[0]!.name)!
        .find((f) => f.count === 'macs')!
      expect(calculated(formula.numbers!)).toBe(layer!.macs)
      return `${formula.formula} = ${formula.numbers}`
    }
    expect(macs('Conv', [2, 6, 9], [4, 6, 3])).toBe('N·L·k·C_in·C_out = 2·7·3·6·4')
    expect(macs('Conv', [1, 6, 9, 9], [4, 3, 3, 1], { group: 2 })).toBe('H·W·k_1·C_in·C_out/g = 7·9·3·6·4/2')
    expect(macs('Conv', [1, 6, 5, 5, 5], [4, 6, 2, 2, 2])).toBe('D·H·W·k³·C_in·C_out = 4·4·4·2³·6·4')
    expect(macs('ConvTranspose', [1, 6, 5, 5], [6, 4, 2, 2])).toBe('H·W·k²·C_in·C_out = 5·5·2²·6·4')
    expect(macs('MatMul', [3, 5, 7], [7, 11])).toBe('B·M·C_in·C_out = 3·5·7·11')
    expect(macs('Gemm', [5, 7], [7, 11])).toBe('M·C_in·C_out = 5·7·11')
  })
})
