import { type Command, Option } from 'commander'
import { profileModel } from '../../api/cost.ts'
import { type GraphColour, graphColours, graphSvg } from '../../report/index.ts'
import { UsageError } from '../errors.ts'
import { filesOfGiven, givenModel, modelArgument, modelFile } from '../given-model.ts'
import type { Io } from '../io.ts'
import { type InputShapes, inputShape, positiveInteger, wholeNumber } from '../options.ts'
import { checkOutput, writeWholeFile } from '../output.ts'
import { endingOf } from '../output-type.ts'

interface Options {
  readonly output: string
  readonly input?: InputShapes
  readonly colour: GraphColour
  readonly depth?: number
  readonly most?: number
  readonly force?: boolean
}

const examples = `
Examples:
  kerf graph model.onnx -o model.svg
  kerf graph model.onnx -o model.png --colour accesses
  kerf graph net:resnet50 -o blocks.svg --depth 1
  kerf graph model.onnx -o layers.svg --depth 0          # every layer

Layers whose names begin alike are one box, and where names say nothing, what comes again and again, so that there are no more boxes than --most. Boxes are
the darker the larger their part is, arrows the thicker the more goes along them. A page shows the names of a box's layers under the pointer.`

export function define(command: Command, io: Io): void {
  command
    .argument('<model>', modelArgument, modelFile)
    .requiredOption('-o, --output <file>', 'the picture: .svg or .png')
    .option(
      '-i, --input <shape>',
      'shape of an input: N,C,H,W, or name:N,C,H,W where there are several (repeatable)',
      inputShape,
    )
    .addOption(
      new Option('--colour <count>', 'what makes boxes dark')
        .choices(graphColours)
        .default('macs' satisfies GraphColour),
    )
    .option('--depth <n>', 'how deep blocks are opened; 0: every layer is a box', wholeNumber)
    .option('--most <n>', 'boxes at most, where --depth does not say (default: 120)', positiveInteger)
    .option('--force', 'replace the output if it exists')
    .addHelpText('after', examples)
    .action((path: string, options: Options) => draw(path, options, io))
}

async function draw(path: string, options: Options, io: Io): Promise<void> {
  const { output, input, colour, depth, most, force } = options
  if (depth !== undefined && most !== undefined)
    throw new UsageError('--depth says what is opened, --most how much may be: give one of the two.')
  const model = givenModel(path)
  const inputs = filesOfGiven(path, model)
  checkOutput(output, { force, inputs, endings: ['svg', 'png'] })
  const svg = graphSvg(profileModel(model, { name: path, inputs: input }), { colour, depth, most })
  writeWholeFile(output, endingOf(output) === 'png' ? await png(svg) : svg, { force, inputs })
  io.err(`Wrote ${output}.\n`)
}

/** @throws UsageError where sharp is not installed, or cannot make a picture of this size */
async function png(svg: string): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp').catch(() => {
    throw new UsageError('PNG files take sharp, which is not installed (npm install sharp). Write an .svg file.')
  })
  try {
    return await sharp(Buffer.from(svg), { unlimited: true }).png().toBuffer()
  } catch (error) {
    throw new UsageError(
      `The picture cannot be made a PNG file: ${(error as Error).message}. Write an .svg file, or fewer boxes (--most).`,
    )
  }
}
