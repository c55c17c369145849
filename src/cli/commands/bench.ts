import { type Command, InvalidArgumentError, Option } from 'commander'
import { profileModel } from '../../api/cost.ts'
import { measureLimit, timeInTurns } from '../../api/runtime.node.ts'
import { relativeDifference, runLayers } from '../../api/workflow.ts'
import { KerfError, type Task } from '../../base/index.ts'
import { type LayerNames, layerNames, toJson } from '../../report/index.ts'
import { type Contender, openKerf, openPeer } from '../bench/contenders.ts'
import { thisMachine } from '../bench/machine.ts'
import { measureModels } from '../bench/models.ts'
import { modelsReport } from '../bench/models-report.ts'
import { howToInstall, type PeerName, peerNames } from '../bench/peers.ts'
import { type BenchResult, benchReport } from '../bench/report.ts'
import { listOf } from '../choices.ts'
import { givenModel, modelArgument, modelFiles } from '../given-model.ts'
import type { Io } from '../io.ts'
import { type InputShapes, inputShape } from '../options.ts'
import { terminalText } from '../print.ts'
import { readFeeds } from '../run/feeds.ts'
import { withTask } from '../task.ts'
import { version } from '../version.ts'
import { defaultSeed, threadsFlag } from '../vocabulary.ts'

interface Options {
  readonly input?: InputShapes
  readonly against: readonly PeerName[]
  readonly threads: number
  readonly seconds: number
  readonly layers?: boolean
  readonly fullNames?: boolean
  readonly browser?: boolean
  readonly json?: boolean
}

const examples = `
Examples:
  kerf bench model.onnx --layers
  kerf bench before.onnx after.onnx --threads 2
  kerf bench before.onnx after.onnx --browser
  kerf bench model.onnx --against ort-web,ort-node --threads 2
  kerf bench model.onnx --input 1,3,320,320 --seconds 10 --json

Several models are measured in turns. --browser does it in the Chrome, Chromium or Edge of
this machine, found on the path or as CHROME_PATH says.

Runtimes to compare with (--against), where they are installed:
  ort-web   onnxruntime-web, WebAssembly like Kerf
  ort-node  onnxruntime-node, native code
  tfjs      runs no ONNX files, so that no whole network can be compared with it`

export function define(command: Command, io: Io): void {
  command
    .argument('<models...>', `${modelArgument}; several take turns`, modelFiles)
    .option('-i, --input <shape>', 'shape of an input: N,C,H,W, or name:N,C,H,W (repeatable)', inputShape)
    .addOption(
      new Option('-a, --against <list>', 'other runtimes to measure in turns with Kerf')
        .argParser((text: string) => listOf('runtime', peerNames, text))
        .default([], 'none'),
    )
    .addOption(threadsFlag('threads of each runtime'))
    .addOption(
      new Option('--seconds <n>', 'how long to measure, for the whole and again for the layers')
        .argParser(seconds)
        .default(3),
    )
    .option('--layers', 'also the time of every layer')
    .option('--full-names', 'names of layers as the file has them')
    .option('--browser', 'in a browser instead of Node')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action((paths: string[], options: Options) =>
      withTask(io, async (task, io) => {
        if (paths.length > 1 || options.browser) {
          for (const [given, flag] of [
            [options.layers, '--layers'],
            [options.against.length > 0, '--against'],
          ])
            if (given)
              command.error(
                `error: ${flag} is for one model${options.browser ? ', without --browser' : ''}: the models are compared with each other.`,
              )
          const result = await measureModels(paths, options, task, io)
          io.out(options.json ? toJson(result) : terminalText(modelsReport(result), io))
          return
        }
        const { result, names } = await measure(paths[0]!, options, task, io)
        const report = benchReport(result, options.fullNames ? undefined : names)
        io.out(options.json ? toJson(result) : terminalText(report, io))
      }),
    )
}

async function measure(
  path: string,
  options: Options,
  task: Task,
  io: Io,
): Promise<{ readonly result: BenchResult; readonly names: LayerNames }> {
  const { threads, seconds } = options
  const notices: string[] = []
  const onNotice = (text: string) => {
    notices.push(text)
    io.err(`kerf: ${text}\n`)
  }
  const model = givenModel(path)
  const given = new Map([...(options.input ?? [])].map(([name, shape]) => [name, { shape }]))
  const inputs = await readFeeds(model, given, defaultSeed, {})
  const shapes = new Map(inputs.map((f) => [f.name, f.tensor.shape]))
  const { totals, unsupported, layers } = profileModel(model, { inputs: shapes })
  const feeds = Object.fromEntries(inputs.map((f) => [f.name, f.tensor]))
  const limit = await measureLimit(threads)
  const kerf = await openKerf(model, feeds, { threads, version: version(), onNotice, ...task })
  const contenders: Contender[] = [kerf]
  try {
    for (const name of options.against) {
      const peer = await open(name, onNotice, (runtime) => openPeer(runtime, model, path, feeds, threads))
      if (peer) contenders.push(peer)
    }
    const outputs = await kerf.run(task)
    const differences: number[] = []
    for (const c of contenders) differences.push(c === kerf ? 0 : relativeDifference(outputs, await c.run()))
    io.err(`Measuring for ${options.layers ? 2 * seconds : seconds} seconds …\n`)
    const timings = await timeInTurns(contenders, seconds, task)
    const result = {
      model: path,
      inputs: inputs.map(({ name, tensor }) => ({ name, shape: tensor.shape })),
      machine: thisMachine(kerf.session.threads, kerf.session.instructions),
      // Again, as the machine may have been busy before: nothing is faster than the limit.
      limit: { macsPerSecond: Math.max(limit, await measureLimit(threads)) },
      totals,
      unsupported,
      contenders: contenders.map(({ name, version }, i) => {
        const timing = timings[i]!
        return {
          name,
          version,
          ...timing,
          macsPerSecond: (1000 * totals.macs) / timing.medianMs,
          ratio: timing.medianMs / timings[0]!.medianMs,
          maxRelDiff: differences[i]!,
        }
      }),
      ...(options.layers ? { layers: runLayers(model, shapes, await kerf.session.profile(feeds, seconds, task)) } : {}),
      memory: kerf.session.memory,
      notices,
    }
    return { result, names: layerNames(layers) }
  } finally {
    for (const c of contenders) await c.release()
  }
}

/** A peer, or undefined with a notice why there is none. */
async function open(
  name: PeerName,
  onNotice: (text: string) => void,
  load: (name: 'ort-web' | 'ort-node') => Promise<Contender | undefined>,
): Promise<Contender | undefined> {
  if (name === 'tfjs') {
    onNotice(
      'tfjs runs no ONNX files, so that it is not compared. Single layers are, in a clone of Kerf: npm run bench -- conv.',
    )
    return undefined
  }
  try {
    const peer = await load(name)
    if (!peer) onNotice(`${name} is not installed, so that it is not compared: ${howToInstall[name]}.`)
    return peer
  } catch (error) {
    if (!(error instanceof KerfError && error.code === 'runtime-refused')) throw error
    onNotice(error.message)
    return undefined
  }
}

function seconds(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value > 0 && value <= 3600))
    throw new InvalidArgumentError('Give seconds, as in 3 or 0.5.')
  return value
}
