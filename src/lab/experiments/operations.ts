import { profileModel } from '../../cost/index.ts'
import { adderConvolution, type ConvolutionOperator, type NetName, nets } from '../../nets/index.ts'
import { adderLaw, convolutionLaw } from '../../ops/index.ts'
import { type Cell, human } from '../../report/index.ts'
import { atMost, control, equal, near } from '../checks.ts'
import type { Check, Experiment, Findings } from '../experiment.ts'

/** AdderNet's table: multiplications of the ordinary network; as many additions; twice as many additions of the adder network. */
const published = {
  lenet5_bn: { title: 'LeNet-5-BN', macs: 435e3, adderAdds: 870e3 },
  vgg_small: { title: 'VGG-small', macs: 0.65e9, adderAdds: 1.3e9 },
  resnet20: { title: 'ResNet-20', macs: 41.17e6, adderAdds: 82.34e6 },
  resnet32: { title: 'ResNet-32', macs: 69.12e6, adderAdds: 138.24e6 },
} as const satisfies Partial<Record<NetName, object>>

type Name = keyof typeof published
const names = Object.keys(published) as Name[]

/** What the layers with weights of one network do; everything else (BatchNormalization, pooling, shortcuts) is left out. */
interface Work {
  readonly muls: number
  readonly adds: number
}

/** A layer with weights, counted and by its formula. */
interface CountedLayer extends Work {
  readonly adder: boolean
  readonly formula: Work
}

function layersOf(name: Name, convolution?: ConvolutionOperator): CountedLayer[] {
  const { layers } = profileModel(nets[name]({ batch: 1, convolution }))
  return layers.flatMap((layer): CountedLayer[] => {
    if (!/(^|\.|:)(Conv|AdderConv|Gemm)$/.test(layer.op)) return []
    const [x, w, bias] = layer.inputs.map((i) => i.shape as number[])
    const y = layer.outputs[0]?.shape as number[]
    const adder = layer.op.endsWith('AdderConv')
    const [outChannels = 0, inChannels = 0, ...kernel] = w as number[]
    const [batch = 0, , ...space] = y
    const sizes = {
      P: space.reduce((p, d) => p * d, batch),
      K: kernel.reduce((p, d) => p * d, 1),
      C_in: (x as number[])[1] as number,
      C_out: outChannels,
      g: ((x as number[])[1] as number) / inChannels,
    }
    const law = adder ? adderLaw : convolutionLaw
    const biases = bias ? sizes.P * sizes.C_out : 0
    return [
      {
        adder,
        muls: layer.muls as number,
        adds: (layer.adds as number) - biases,
        formula: { muls: law.muls.evaluate(sizes), adds: law.adds.evaluate(sizes) },
      },
    ]
  })
}

const sum = (layers: readonly CountedLayer[], of: (layer: CountedLayer) => number): number =>
  layers.reduce((total, layer) => total + of(layer), 0)

/** Every convolution a sum of differences, first layer and classifier too, as the published table has it. */
const asPublished = (ordinary: readonly CountedLayer[]): number => 2 * sum(ordinary, (l) => l.muls)

export const operations: Experiment = {
  name: 'operations',
  title: 'Additions instead of multiplications',
  claim: 'An adder network does no multiplications in its body, and twice as many additions as the ordinary network.',
  derivation: [
    'A $k \\times k$ convolution from $C_{in}$ to $C_{out}$ channels computes $H \\cdot W \\cdot C_{out}$ outputs, each from $k^2 C_{in}$ taps. An ordinary tap is a multiplication and an addition:',
    '$$\\text{muls} = \\text{adds} = H W k^2 C_{in} C_{out}$$',
    'A tap of an adder convolution, $\\lvert x - w \\rvert$, is a subtraction and an addition; the absolute value is a sign bit that is cleared, and counts as free:',
    '$$\\text{muls} = 0, \\quad \\text{adds} = 2 H W k^2 C_{in} C_{out}$$',
    'The first convolution and the classifier of published adder networks stay ordinary. Counting them as adder layers therefore promises too much: their multiplications are still there.',
  ],
  measures:
    'The operations of all layers with weights, counted node by node in the built networks, against the formula, and against the table in the AdderNet paper. BatchNormalization, pooling and shortcuts are left out, as there.',
  data: 'No data: counts depend on shapes only.',
  source: 'Chen et al., AdderNet, CVPR 2020, section 4, tables 1 and 2',
  settings: { quick: {}, full: {} },
  duration: '0.1 s',

  async run(): Promise<Findings> {
    const networks = names.map((name) => ({
      name,
      title: published[name].title,
      published: published[name],
      ordinary: layersOf(name),
      adder: layersOf(name, adderConvolution),
    }))
    const all = networks.flatMap((n) => [...n.ordinary, ...n.adder])
    const wrong = all.filter((l) => l.muls !== l.formula.muls || l.adds !== l.formula.adds).length
    const body = networks.flatMap((n) => n.adder.filter((l) => l.adder))
    const resnet32 = networks.find((n) => n.name === 'resnet32') as (typeof networks)[number]
    const inBody = sum(
      networks.flatMap((n) => n.ordinary.filter((_, i) => n.adder[i]?.adder)),
      (l) => l.adds,
    )
    const checks: Check[] = [
      equal(`Layers whose count is not the formula’s, of ${all.length}`, 0, wrong),
      equal(
        'Multiplications in the bodies of the four adder networks',
        0,
        sum(body, (l) => l.muls),
      ),
      equal('Additions there, by those of the same ordinary layers', 2, sum(body, (l) => l.adds) / inBody),
      near(
        'Additions of adder ResNet-32, all layers counted as adder layers',
        published.resnet32.adderAdds,
        asPublished(resnet32.ordinary),
        1e-4,
      ),
      control(
        near(
          'the same, first and last layer counted as what they are',
          published.resnet32.adderAdds,
          sum(resnet32.adder, (l) => l.adds),
          1e-4,
        ),
      ),
      atMost(
        'Farthest of the four networks from the published table (a part of it)',
        0.1,
        Math.max(...networks.map((n) => Math.abs(sum(n.ordinary, (l) => l.muls) / n.published.macs - 1))),
      ),
    ]
    return {
      data: 'none',
      tables: [
        {
          title: 'Against the published table: every layer counted alike',
          columns: [
            { key: 'network', header: 'Network' },
            { key: 'muls', header: 'Ordinary: mul', kind: 'count' },
            { key: 'publishedMuls', header: 'published' },
            { key: 'adds', header: 'Adder: add', kind: 'count' },
            { key: 'publishedAdds', header: 'published' },
            { key: 'difference', header: 'Ours ÷ published', kind: 'ratio' },
          ],
          rows: networks.map((n): Cell[] => {
            const muls = sum(n.ordinary, (l) => l.muls)
            return [
              n.title,
              muls,
              human(n.published.macs),
              asPublished(n.ordinary),
              human(n.published.adderAdds),
              muls / n.published.macs,
            ]
          }),
          notes: [
            'ResNet-32 agrees to the last published digit. The paper does not say how the other networks differ: no way of counting that we tried (biases, BatchNormalization, pooling, shortcuts with and without convolution) gives its numbers for all of them.',
          ],
        },
        {
          title: 'Adder networks, first and last layer counted as the ordinary layers they are',
          columns: [
            { key: 'network', header: 'Network' },
            { key: 'terms', header: 'L1 terms', kind: 'count' },
            { key: 'l1Adds', header: 'Their additions', kind: 'count' },
            { key: 'muls', header: 'Multiplications left', kind: 'count' },
            { key: 'adds', header: 'Additions in all', kind: 'count' },
            { key: 'share', header: 'Left ÷ ordinary', kind: 'ratio' },
          ],
          rows: networks.map((n): Cell[] => {
            const body = n.adder.filter((l) => l.adder)
            const muls = sum(n.adder, (l) => l.muls)
            return [
              n.title,
              sum(body, (l) => l.adds) / 2,
              sum(body, (l) => l.adds),
              muls,
              sum(n.adder, (l) => l.adds),
              muls / sum(n.ordinary, (l) => l.muls),
            ]
          }),
          notes: [
            'The difference to the table above: each multiplication left goes with one addition, where an adder layer would do two additions.',
          ],
        },
      ],
      charts: [
        {
          kind: 'bars',
          title: 'Multiplications, ordinary and adder network (logarithmic)',
          categories: networks.map((n) => n.title),
          series: [
            { name: 'ordinary', values: networks.map((n) => sum(n.ordinary, (l) => l.muls)) },
            { name: 'adder', values: networks.map((n) => sum(n.adder, (l) => l.muls)) },
          ],
          scale: 'log',
        },
      ],
      checks,
    }
  },
}
