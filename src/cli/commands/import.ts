import { closeSync, openSync, readSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { imageMetadata, preprocessingFor, withImageMetadata } from '../../api/data.ts'
import { openSafetensorsFile, type WrittenModel, writeModelFile } from '../../api/files.node.ts'
import { editGraph, graphInputs, type Model } from '../../api/graph.ts'
import { type ImportedNet, importNet, type StoredWeight, weightsOf } from '../../api/nets.ts'
import { KerfError, type Task, turns } from '../../base/index.ts'
import { human, type Report, toJson } from '../../report/index.ts'
import type { Io } from '../io.ts'
import { positiveInteger } from '../options.ts'
import { checkOutput } from '../output.ts'
import { modelEndings } from '../output-type.ts'
import { terminalText } from '../print.ts'
import { withTask } from '../task.ts'
import { addImageFlags, classesFlag, classNames, type ImageFlags, preprocessingOptions, size } from '../vocabulary.ts'

interface Options extends ImageFlags {
  readonly net: string
  readonly output: string
  readonly classes?: number | readonly string[]
  readonly inChannels?: number
  readonly size?: readonly [number, number]
  readonly batch?: number
  readonly json?: boolean
  readonly force?: boolean
}

const examples = `
Examples:
  kerf import resnet18.safetensors --net resnet18 -o resnet18.onnx
  kerf import weights.safetensors --net resnet20-adder -o adder.onnx
  kerf import resnet20a.safetensors --net resnet20a -o resnet20a.onnx
  kerf import mnist.safetensors --net lenet5_bn --size 28 -o lenet.onnx

Names are those of the PyTorch model (torchvision's; for adder networks the public AdderNet code's, whose weights are called "adder").
Classes and input channels follow from the weights. What the weights' file says of images and classes (__metadata__: what Kerf writes, or mean and std of pixels from 0 to 1), or --mean, --std, --resize … and
--classes with names, goes into the ONNX file. A .pth file becomes safetensors in Python:
  safetensors.torch.save_file({k: v.contiguous() for k, v in torch.load("w.pth", map_location="cpu").items()}, "w.safetensors")`

export function define(command: Command, io: Io): void {
  command
    .argument('<weights>', 'a safetensors file')
    .requiredOption('-n, --net <name>', 'the network: resnet18, mobilenet_v2 …, or resnet20-adder …')
    .requiredOption('-o, --output <file>', 'the ONNX file')
    .addOption(
      classesFlag("outputs of the classifier: how many, or their names (default: as many as the weights')").argParser(
        (text) => (/^\d+$/.test(text) ? positiveInteger(text) : classNames(text)),
      ),
    )
    .option('--in-channels <n>', "channels of the input (default: as many as the weights')", positiveInteger)
    .option('--size <HxW>', 'height and width of the input in pixels (default: as published)', size)
    .addOption(new Option('--batch <n>', 'a fixed batch (default: left open)').argParser(positiveInteger))
  addImageFlags(command)
    .option('--json', 'print JSON')
    .option('--force', 'replace the output if it exists')
    .addHelpText('after', examples)
    .action((path: string, options: Options) => withTask(io, (task, io) => importWeights(path, options, task, io)))
}

async function importWeights(path: string, options: Options, { signal, progress }: Task, io: Io): Promise<void> {
  const { output, force, inChannels, size: inputSize, batch } = options
  checkOutput(output, { force, inputs: [path], endings: modelEndings })
  const turn = turns(signal, 'The import', 0)
  progress?.({ what: `reading ${path}`, done: 0, total: 2 })
  await turn()
  const classes = typeof options.classes === 'number' ? options.classes : options.classes?.length
  const imported = readWeights(path, (weights, metadata) => {
    const made = importNet(options.net, weights, { classes, inChannels, inputSize, batch })
    return { ...made, model: described(made.model, metadata, options) }
  })
  progress?.({ what: `writing ${output}`, done: 1, total: 2 })
  await turn()
  const written = writeModelFile(imported.model, output, { force, protect: [path] })
  io.out(
    options.json
      ? toJson(json(options.net, imported, written))
      : terminalText(report(options.net, imported, written), io),
  )
}

/** With what the weights' file, and flags over it, say of images and classes. */
function described(model: Model, metadata: Readonly<Record<string, string>>, options: Options): Model {
  const editor = editGraph(model)
  for (const [key, value] of Object.entries(metadata)) if (key.startsWith('kerf.')) editor.setMetadata(key, value)
  const told = editor.model()
  const [input] = graphInputs(model.graph)
  const given = preprocessingOptions(options)
  const { preprocessing: stored } = imageMetadata({ metadata: new Map(Object.entries(metadata)) })
  const isTold = [...Object.values(given), stored].some((v) => v !== undefined)
  const preprocessing = input && isTold ? preprocessingFor(input, given, stored).preprocessing : undefined
  return withImageMetadata(told, {
    classes: typeof options.classes === 'object' ? options.classes : undefined,
    preprocessing,
  })
}

/** @throws KerfError `not-safetensors` for a file that torch.save wrote, and what reading safetensors throws */
function readWeights<T>(
  path: string,
  use: (weights: Map<string, StoredWeight>, metadata: Readonly<Record<string, string>>) => T,
): T {
  const file = openWeights(path)
  try {
    return use(weightsOf(file), file.metadata)
  } finally {
    file.close()
  }
}

function openWeights(path: string) {
  try {
    return openSafetensorsFile(path)
  } catch (error) {
    if (error instanceof KerfError && error.code === 'bad-safetensors' && isPickle(path))
      throw new KerfError(
        'not-safetensors',
        `${path} was written by torch.save: such files are programs, which Kerf does not run. Save the weights as safetensors (kerf import --help shows how).`,
        { path },
      )
    throw error
  }
}

/** A zip archive, or a pickle of protocol 2 or later. */
function isPickle(path: string): boolean {
  const start = new Uint8Array(2)
  const file = openSync(path, 'r')
  readSync(file, start)
  closeSync(file)
  const [first, second = 0] = start
  return (first === 0x50 && second === 0x4b) || (first === 0x80 && second >= 2)
}

const inputShape = ({ model }: ImportedNet): string => {
  const type = model.graph.inputs[0]?.type
  return type?.kind === 'tensor' ? (type.shape ?? []).join('×') : '?'
}

function json(net: string, imported: ImportedNet, written: WrittenModel) {
  const { options, tensors, parameters, ignored, alsoFits, model } = imported
  const type = model.graph.inputs[0]?.type
  return {
    net,
    options,
    input: type?.kind === 'tensor' ? type.shape : undefined,
    tensors,
    parameters,
    ignored,
    alsoFits,
    written,
  }
}

function report(net: string, imported: ImportedNet, written: WrittenModel): Report {
  const { tensors, parameters, ignored, alsoFits } = imported
  return {
    title: net,
    facts: [
      ['Input', inputShape(imported)],
      ['Weights', `${parameters.toLocaleString('en')} numbers in ${tensors} tensors`],
      ...(ignored.length > 0 ? [['Not needed', `${ignored.length} counters of batches`] as const] : []),
      ['Wrote', `${written.path} (${human(written.bytes + (written.externalBytes ?? 0), 'B')})`],
    ],
    tables: [],
    notes:
      alsoFits === undefined
        ? []
        : [
            `Nothing in the file says that it is of adder layers. If it is of ordinary ones, import it with --net ${alsoFits}.`,
          ],
  }
}
