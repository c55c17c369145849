import { seedFrom } from '../../base/index.ts'
import { atMost, control, equal } from '../checks.ts'
import type { Experiment, Findings } from '../experiment.ts'
import { firstBatch, firstIteration, freshLenet, type NetKind } from '../first-iteration.ts'
import { progress } from '../progress.ts'
import { momentsOf, norm } from '../statistics.ts'

interface Settings {
  readonly batchSize: number
  /** Networks and batches that are drawn. */
  readonly draws: number
}

/** AdderNet's table 3: L2 norms of the weight gradients in layers 1 to 3, at the first iteration; taken to be the three adder layers. */
const published: Readonly<Record<NetKind, readonly number[]>> = {
  adder: [0.001, 0.0013, 0.015],
  ordinary: [0.2271, 0.3002, 0.466],
}
/** The three adder layers: the first convolution and the classifier are ordinary. */
const layers = ['conv2', 'conv3', 'conv4'] as const

export const gradientNorm: Experiment<Settings> = {
  name: 'gradient-norm',
  title: 'The gradients of adder layers are small',
  claim:
    'At the first iteration the weight gradients of adder layers are smaller by two orders of magnitude than those of the ordinary network’s.',
  derivation: [
    'Behind every layer stands a BatchNormalization, which divides by the standard deviation $\\sigma_B$ of the layer’s output. On the way back the gradient is divided by it, too:',
    '$$\\frac{\\partial \\ell}{\\partial Y} = \\frac{\\gamma}{\\sigma_B} \\left( \\frac{\\partial \\ell}{\\partial Z} - \\ldots \\right)$$',
    'In an ordinary layer that starts well, $\\sigma_B$ is about 1 or below. In an adder layer $\\sigma_B^2 \\approx (1 - 2/\\pi) k^2 C_{in} (\\operatorname{Var} X + \\operatorname{Var} W)$ (see variance), that is 36 for $k^2 C_{in} = 100$. So the gradients of the weights are small, and one learning rate cannot suit both an adder layer and an ordinary one.',
  ],
  measures:
    'The L2 norm of the loss’s gradient for the weights of the three layers of LeNet-5-BN that are adder layers in the adder network, after one forward and backward pass; the mean over several networks and batches.',
  data: 'Digits of MNIST where they are given (`--data`), else generated pictures. Adder weights from N(0, 1), ordinary ones with the variance that PyTorch gives them, $1/(3 k^2 C_{in})$; $\\gamma = 1$, $\\beta = 0$.',
  source: 'Chen et al., AdderNet, CVPR 2020, section 3.3, table 3',
  settings: { quick: { batchSize: 64, draws: 3 }, full: { batchSize: 256, draws: 10 } },
  duration: '2 s',

  async run(settings, context): Promise<Findings> {
    const { batchSize, draws } = settings
    const digits = await context.digits()
    const kinds = ['adder', 'ordinary'] as const
    const norms: Record<NetKind, number[][]> = { adder: [], ordinary: [] }
    for (let draw = 0; draw < draws; draw++)
      for (const [k, kind] of kinds.entries()) {
        const seed = seedFrom(context.seed, `draw ${draw}`)
        const batch = await firstBatch(digits, batchSize, seed)
        const { gradients } = await firstIteration(freshLenet(kind, seed, batch.classes), batch, context)
        norms[kind].push(layers.map((layer) => norm(gradients.get(`${layer}.weight`) as Float32Array)))
        await progress(context, (2 * draw + k + 1) / (2 * draws))
      }
    const mean = (kind: NetKind) => layers.map((_, l) => momentsOf(norms[kind].map((n) => n[l] as number)).mean)
    const [adder, ordinary] = [mean('adder'), mean('ordinary')]
    const ratios = layers.map((_, l) => (adder[l] as number) / (ordinary[l] as number))
    const twice = layers.map((_, l) => (norms.ordinary[0]?.[l] as number) / (norms.ordinary[1]?.[l] as number))
    const off = (measured: readonly number[], kind: NetKind) =>
      Math.max(
        ...measured.map((m, l) => Math.max(m / (published[kind][l] as number), (published[kind][l] as number) / m)),
      )
    return {
      data: `${digits.name}; ${draws} networks, a batch of ${batchSize} each`,
      tables: [
        {
          title: 'L2 norm of the weight gradients at the first iteration',
          columns: [
            { key: 'layer', header: 'Layer' },
            { key: 'adder', header: 'Adder', kind: 'ratio' },
            { key: 'publishedAdder', header: 'published', kind: 'ratio' },
            { key: 'ordinary', header: 'Ordinary', kind: 'ratio' },
            { key: 'publishedOrdinary', header: 'published', kind: 'ratio' },
            { key: 'ratio', header: 'Adder ÷ ordinary', kind: 'ratio' },
            { key: 'publishedRatio', header: 'published', kind: 'ratio' },
          ],
          rows: layers.map((layer, l) => [
            layer,
            adder[l] as number,
            published.adder[l] as number,
            ordinary[l] as number,
            published.ordinary[l] as number,
            ratios[l] as number,
            (published.adder[l] as number) / (published.ordinary[l] as number),
          ]),
          notes: [
            'The adder norms are those published to a factor of a few, the last layer’s the largest in both. The paper says neither which batch and initialisation its numbers come from, nor which variant of LeNet-5: sizes are to be compared, not digits.',
          ],
        },
      ],
      charts: [
        {
          kind: 'bars',
          title: 'L2 norm of the weight gradients (logarithmic)',
          categories: [...layers],
          series: [
            { name: 'ordinary', values: ordinary },
            { name: 'ordinary, published', values: published.ordinary },
            { name: 'adder', values: adder },
            { name: 'adder, published', values: published.adder },
          ],
          scale: 'log',
        },
      ],
      checks: [
        atMost('Adder ÷ ordinary, the layer where it is largest', 0.05, Math.max(...ratios)),
        control(atMost('the same for two ordinary networks', 0.05, Math.max(...twice))),
        atMost('Farthest factor between an adder norm and the published one', 10, off(adder, 'adder')),
        atMost('the same for ordinary norms', 20, off(ordinary, 'ordinary')),
        equal('Layer with the largest adder gradient', 'conv4', layers[adder.indexOf(Math.max(...adder))] as string),
      ],
    }
  },
}
