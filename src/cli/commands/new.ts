import type { Command } from 'commander'
import { profileModel } from '../../api/cost.ts'
import { writeModelFile } from '../../api/files.node.ts'
import type { Model } from '../../api/graph.ts'
import { type BlockName, blockNames, buildBlock, buildNet, netNameOf, parseNetName } from '../../api/nets.ts'
import { didYouMean } from '../../base/index.ts'
import { profileReport, toJson } from '../../report/index.ts'
import { type BlockLetters, blockOptions, given } from '../design.ts'
import { UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { fraction, positiveInteger } from '../options.ts'
import { checkOutput } from '../output.ts'
import { modelEndings } from '../output-type.ts'
import { terminalText } from '../print.ts'
import { seedFlag } from '../vocabulary.ts'

interface Options extends BlockLetters {
  readonly bias?: boolean
  readonly bare?: boolean
  readonly classes?: number
  readonly batch?: number
  readonly seed: number
  readonly output?: string
  readonly json?: boolean
  readonly force?: boolean
}

const examples = `
Examples:
  kerf new inverted-bottleneck --c 96 --t 6 -o b.onnx
  kerf new separable --in 64 --out 128 --h 28 --stride 2
  kerf new linear --in 1024 --out 512 -o l.onnx
  kerf new fasternet_t0 --classes 10 -o net.onnx         # a whole network (kerf nets lists them)

Blocks: ${blockNames.join(', ')}.
They are as published, with BatchNormalization, activation and residual where they have them; --bare leaves the convolutions alone, as kerf formulas
counts them. Weights are drawn from the seed. What it costs is printed; without -o nothing is written.`

export function define(command: Command, io: Io): void {
  command
    .argument('<name>', 'a block, or a network')
    .option('-o, --output <file>', 'the ONNX file')
    .option('--c <channels>', 'channels, in and out', positiveInteger)
    .option('--in <n>', 'input channels, or features of linear', positiveInteger)
    .option('--out <n>', 'output channels, or features of linear (default: as many as in)', positiveInteger)
    .option('--h <size>', 'height of the input (default: 56)', positiveInteger)
    .option('--w <size>', 'width of the input (default: the height)', positiveInteger)
    .option('--k <size>', 'kernel of the k×k convolution (default: 3)', positiveInteger)
    .option('--stride <n>', 'of the k×k convolution (default: 1)', positiveInteger)
    .option('--g <groups>', 'of grouped and grouped-shuffle (default: 4)', positiveInteger)
    .option('--n <branches>', 'pairs that separable-branches adds up (default: 2)', positiveInteger)
    .option('--t <factor>', 'expansion of inverted-bottleneck (default: 6)', positiveInteger)
    .option(
      '--r <part>',
      'part of the channels that is convolved (partial, t-shaped, fasternet) or is the rank (low-rank, tucker; default: 1/4)',
      fraction,
    )
    .option('--bias', 'with a bias (linear has one anyway)')
    .option('--no-bias', 'linear without bias')
    .option('--bare', 'convolutions only')
    .option('--classes <n>', 'outputs of a network', positiveInteger)
    .option('--batch <n>', 'size of the batch (default: 1; of a network: open)', positiveInteger)
    .addOption(seedFlag('draws the weights'))
    .option('--json', 'print JSON')
    .option('--force', 'replace the output if it exists')
    .addHelpText('after', examples)
    .action((name: string, options: Options) => {
      const { output, force } = options
      if (output !== undefined) checkOutput(output, { force, endings: modelEndings })
      const model = build(netNameOf(name) ?? name, options)
      const written = output === undefined ? undefined : writeModelFile(model, output, { force })
      const profile = profileModel(model, { name })
      if (options.json) io.out(toJson({ ...profile, written }))
      else {
        const report = profileReport(profile)
        const wrote = written ? `Wrote ${written.path}.` : 'Nothing was written (-o FILE writes it).'
        io.out(terminalText({ ...report, notes: [...(report.notes ?? []), wrote] }, io))
      }
    })
}

function build(name: string, options: Options): Model {
  return blockNames.includes(name as BlockName) ? block(name as BlockName, options) : network(name, options)
}

function block(name: BlockName, o: Options): Model {
  const inChannels = o.in ?? o.c
  if (inChannels === undefined)
    throw new UsageError(
      name === 'linear'
        ? 'Say how many features: --in 1024 --out 512.'
        : 'Say how many channels: --c 96, or --in 64 --out 128.',
    )
  if (o.c !== undefined && (o.in !== undefined || o.out !== undefined))
    throw new UsageError('--c is for both ends: give it, or --in and --out.')
  if (o.classes !== undefined) throw new UsageError('--classes is for networks: a block has --out.')
  return buildBlock(name, {
    ...blockOptions(o, inChannels),
    seed: o.seed,
    ...given({ bias: o.bias, bare: o.bare, batch: o.batch }),
  })
}

function network(name: string, o: Options): Model {
  try {
    parseNetName(name)
  } catch (error) {
    const meant = didYouMean(name, blockNames)
    throw new UsageError(
      meant
        ? `There is no block or network "${name}".${meant}`
        : `${(error as Error).message} Blocks: ${blockNames.join(', ')}.`,
    )
  }
  const ofBlocks = (['c', 'out', 'k', 'stride', 'g', 'n', 't', 'r', 'bias', 'bare'] as const).filter(
    (key) => o[key] !== undefined,
  )
  if (ofBlocks.length > 0)
    throw new UsageError(
      `${ofBlocks.map((key) => `--${key}`).join(', ')}: ${name} is a whole network, and takes --classes, --in, --h, --w, --batch and --seed.`,
    )
  const height = o.h ?? o.w
  return buildNet(name, {
    seed: o.seed,
    ...given({
      classes: o.classes,
      inChannels: o.in,
      inputSize: height === undefined ? undefined : ([height, o.w ?? height] as const),
      batch: o.batch,
    }),
  })
}
