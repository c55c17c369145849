import type { Model } from '../../graph/index.ts'
import { adderConvolution, type CifarResNetOptions, type NetName, nets } from '../../nets/index.ts'
import { type Cell, withSeparators } from '../../report/index.ts'
import { atMost, control, equal, near } from '../checks.ts'
import {
  type CountedLayer,
  type CountedNetwork,
  type Counting,
  countBy,
  countings,
  countingText,
  countNetwork,
  sumOf,
} from '../counted-network.ts'
import type { Check, Findings } from '../experiment.ts'

/** AdderNet's table: multiplications of the ordinary network; as many additions; twice as many additions of the adder network. */
const published = {
  lenet5_bn: { title: 'LeNet-5-BN', macs: 435e3, adderAdds: 870e3, text: ['435 K', '870 K'] },
  vgg_small: { title: 'VGG-small', macs: 0.65e9, adderAdds: 1.3e9, text: ['0.65 G', '1.30 G'] },
  resnet20: { title: 'ResNet-20', macs: 41.17e6, adderAdds: 82.34e6, text: ['41.17 M', '82.34 M'] },
  resnet32: { title: 'ResNet-32', macs: 69.12e6, adderAdds: 138.24e6, text: ['69.12 M', '138.24 M'] },
} as const satisfies Partial<Record<NetName, object>>

type Name = keyof typeof published
const names = Object.keys(published) as Name[]

/** Half a unit in the last digit of the published multiplications. */
const rounding: Readonly<Record<Name, number>> = { lenet5_bn: 500, vgg_small: 5e6, resnet20: 5e3, resnet32: 5e3 }
/** Of 1000 in the published unit: K, G, M. */
const powers: Readonly<Record<Name, number>> = { lenet5_bn: 1, vgg_small: 3, resnet20: 2, resnet32: 2 }
/** What ResNet-32 has and ResNet-20 does not: two more blocks of two 3×3 convolutions in each of three stages, each as large as the others. */
const furtherLayers = 12
const furtherMacs = furtherLayers * 32 * 32 * 9 * 16 * 16

interface Counted {
  readonly name: Name
  readonly title: string
  readonly published: (typeof published)[Name]
  readonly ordinary: CountedNetwork
  readonly adder: CountedNetwork
  /** With shortcuts that pad instead of convolving; the same where there are none. */
  readonly padded: CountedNetwork
}

function counted(name: Name): Counted {
  const build = nets[name] as (options: CifarResNetOptions) => Model
  const ordinary = countNetwork(build({ batch: 1 }))
  return {
    ...{ name, title: published[name].title, published: published[name], ordinary },
    adder: countNetwork(build({ batch: 1, convolution: adderConvolution })),
    padded: name.startsWith('resnet') ? countNetwork(build({ batch: 1, shortcut: 'pad' })) : ordinary,
  }
}

/** Every convolution a sum of differences, first layer and classifier too, as the published table has it. */
const asPublished = ({ layers }: CountedNetwork): number => 2 * sumOf(layers, (l) => l.muls)

const macsOf = ({ layers }: CountedNetwork): number => sumOf(layers, (l) => l.muls)

/** Where a network's multiplications are. */
function parts({ layers }: CountedNetwork) {
  const of = (chosen: readonly CountedLayer[]) => sumOf(chosen, (l) => l.muls)
  const body = layers.slice(1, -1)
  return {
    first: of(layers.slice(0, 1)),
    body: of(body.filter((l) => !l.name.includes('downsample'))),
    shortcuts: of(body.filter((l) => l.name.includes('downsample'))),
    classifier: of(layers.slice(-1)),
  }
}

/** What ways of counting make of the published numbers. */
function explained(networks: readonly Counted[]) {
  const value = (n: Counted, way: Counting) =>
    countBy(way, { convolution: n.ordinary, padding: n.padded }, powers[n.name])
  const reproduces = (n: Counted, way: Counting) => Math.abs(value(n, way) - n.published.macs) <= rounding[n.name]
  const off = (way: Counting) => Math.max(...networks.map((n) => Math.abs(value(n, way) / n.published.macs - 1)))
  const nearest = countings.reduce((a, b) => (off(b) < off(a) ? b : a))
  return {
    each: networks.map((n) => {
      const found = countings.filter((way) => reproduces(n, way))
      return { ...n, found, plainest: found[0] }
    }),
    together: countings.filter((way) => networks.every((n) => reproduces(n, way))).length,
    ...{ nearest, off: off(nearest), at: (n: Counted) => value(n, nearest) },
  }
}

export async function measure(): Promise<Findings> {
  const networks = names.map(counted)
  const all = networks.flatMap((n) => [...n.ordinary.layers, ...n.adder.layers])
  const wrong = all.filter((l) => l.muls !== l.formula.muls || l.adds !== l.formula.adds).length
  const body = networks.flatMap((n) => n.adder.layers.filter((l) => l.adder))
  const [, , resnet20, resnet32] = networks as [Counted, Counted, Counted, Counted]
  const inBody = sumOf(
    networks.flatMap((n) => n.ordinary.layers.filter((_, i) => n.adder.layers[i]?.adder)),
    (l) => l.adds,
  )
  const why = explained(networks)
  const apart = published.resnet32.macs - published.resnet20.macs
  const checks: Check[] = [
    equal(`Layers whose count is not the formula’s, of ${all.length}`, 0, wrong),
    equal(
      'Multiplications in the bodies of the four adder networks',
      0,
      sumOf(body, (l) => l.muls),
    ),
    equal('Additions there, by those of the same ordinary layers', 2, sumOf(body, (l) => l.adds) / inBody),
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
        sumOf(resnet32.adder.layers, (l) => l.adds),
        1e-4,
      ),
    ),
    atMost(
      'Farthest of the four networks from the published table (a part of it)',
      0.1,
      Math.max(...networks.map((n) => Math.abs(macsOf(n.ordinary) / n.published.macs - 1))),
    ),
    equal(
      `ResNet-32 less ResNet-20: ${furtherLayers} 3×3 convolutions more, however the rest is counted`,
      furtherMacs,
      macsOf(resnet32.ordinary) - macsOf(resnet20.ordinary),
    ),
    control(
      near(
        'the published numbers of the two differ by at least as much, to rounding',
        furtherMacs,
        Math.min(furtherMacs, apart),
        (rounding.resnet20 + rounding.resnet32) / furtherMacs,
      ),
    ),
    equal(`Ways of counting that give all four published numbers, of ${countings.length}`, 0, why.together),
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
          const muls = macsOf(n.ordinary)
          return [
            n.title,
            muls,
            n.published.text[0],
            asPublished(n.ordinary),
            n.published.text[1],
            muls / n.published.macs,
          ]
        }),
        notes: [
          'The published additions are twice the published, rounded, multiplications: 2 · 69.12 = 138.24, where twice the exact number would be rounded to 138.25.',
        ],
      },
      {
        title: 'The difference from the published multiplications',
        columns: [
          { key: 'network', header: 'Network' },
          { key: 'first', header: 'First layer', kind: 'count' },
          { key: 'body', header: 'Body', kind: 'count' },
          { key: 'shortcuts', header: '1×1 shortcuts', kind: 'count' },
          { key: 'classifier', header: 'Classifier', kind: 'count' },
          { key: 'published', header: 'published' },
          { key: 'residue', header: 'published − sum', kind: 'count' },
          { key: 'rounding', header: '±', kind: 'count' },
        ],
        rows: networks.map((n): Cell[] => {
          const { first, body: inside, shortcuts, classifier } = parts(n.ordinary)
          const residue = n.published.macs - macsOf(n.ordinary)
          return [
            ...[n.title, first, inside, shortcuts, classifier],
            ...[n.published.text[0], residue, rounding[n.name]],
          ]
        }),
      },
      {
        title: `${withSeparators(countings.length)} ways of counting: which give the published number`,
        columns: [
          { key: 'network', header: 'Network' },
          { key: 'ways', header: 'Ways', kind: 'count' },
          { key: 'plainest', header: 'The plainest of them' },
          { key: 'nearest', header: 'By the way nearest to all four', kind: 'count' },
        ],
        rows: why.each.map((n): Cell[] => [
          n.title,
          n.found.length,
          n.plainest ? countingText(n.plainest) : '',
          Math.round(why.at(n)),
        ]),
        notes: [
          `A way counts the first layer, the classifier, shortcuts (as convolutions or as free), biases, 0 to 4 operations per number that BatchNormalization puts out, 0 to 2 per activation and per number that a shortcut adds, pooling, and K as 1000 or 1024. Nearest to all four is: ${countingText(why.nearest)} (${(100 * why.off).toFixed(1)} % off at most).`,
          `No way can give ResNet-20 and ResNet-32 both: they differ by ${furtherLayers} convolutions of 2,359,296 multiplications, ${withSeparators(furtherMacs)} in all, and whatever else is counted only adds to that; the published numbers are ${withSeparators(apart)} apart. The plain count gives ResNet-32’s; ResNet-20’s is 0.36 million more than it should then be.`,
          'VGG-small is out of reach of any way of counting: everything but convolutions comes to 0.5 million numbers, a hundredth of what is missing. 42 million more take other layers, such as a seventh convolution from 512 to 512 channels at 4×4 (37.7 million: 645.3 million in all, rounded 0.65 G). The paper does not describe the network.',
          'LeNet-5-BN can be reproduced, with BatchNormalization and biases counted, but by ways that do not suit the others.',
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
          const body = n.adder.layers.filter((l) => l.adder)
          const muls = sumOf(n.adder.layers, (l) => l.muls)
          return [
            n.title,
            sumOf(body, (l) => l.adds) / 2,
            sumOf(body, (l) => l.adds),
            muls,
            sumOf(n.adder.layers, (l) => l.adds),
            muls / macsOf(n.ordinary),
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
          { name: 'ordinary', values: networks.map((n) => macsOf(n.ordinary)) },
          { name: 'adder', values: networks.map((n) => macsOf(n.adder)) },
        ],
        scale: 'log',
      },
    ],
    checks,
  }
}
