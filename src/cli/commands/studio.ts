import { once } from 'node:events'
import { join } from 'node:path'
import type { Command } from 'commander'
import { filesOf, readModelFile } from '../../api/files.node.ts'
import { modelBytes } from '../../api/graph.ts'
import { givenModel, isBuiltIn, modelArgument, modelFile } from '../given-model.ts'
import type { Io } from '../io.ts'
import { portNumber } from '../options.ts'
import { packageRoot } from '../package-root.ts'
import { pageFiles } from '../studio/files.ts'
import { type GivenFile, givenBytes, givenFiles } from '../studio/given.ts'
import { hasScreen, openPage } from '../studio/open-page.ts'
import { findPeer } from '../studio/peer.ts'
import { startStudio, usualPort } from '../studio/server.ts'
import { withTask } from '../task.ts'

interface Options {
  /** Folder of another runtime. */
  readonly peer?: string
  readonly port?: number
  /** False with --no-open. */
  readonly open: boolean
}

const examples = `
Examples:
  kerf studio
  kerf studio model.onnx
  kerf studio net:fasternet_t0 --no-open --port 8000
  kerf studio model.onnx --peer .

The page is served on this machine only (127.0.0.1), to whoever has the address that is printed; it reads this model and what is dropped onto it, and sends
nothing anywhere. With --peer it may load onnxruntime-web from this machine, and measures the network beside it where that is switched on. Ctrl-C ends it.`

export function define(command: Command, io: Io): void {
  command
    .argument('[model]', modelArgument, modelFile)
    .option('--port <n>', `port of 127.0.0.1 (default: ${usualPort}, or where that is taken a free one)`, portNumber)
    .option('--peer <folder>', 'measure beside onnxruntime-web, where asked to: its folder, or one with node_modules')
    .option('--no-open', 'print the address, and open no browser')
    .addHelpText('after', examples)
    .action((path: string | undefined, options: Options) => show(path, options, io))
}

const show = (path: string | undefined, { peer: folder, port, open }: Options, given: Io): Promise<void> =>
  withTask(given, async ({ signal }, io) => {
    const peer = folder === undefined ? undefined : findPeer(folder)
    const files = pageFiles(join(packageRoot, 'dist', 'studio'))
    const studio = await startStudio({ files, given: path === undefined ? [] : filesToShow(path), peer, port })
    try {
      io.out(`${studio.url}\n`)
      if (open && (!hasScreen() || !(await openPage(studio.url))))
        io.err('No browser could be opened here: open the address yourself.\n')
      io.err('Ctrl-C ends it.\n')
      if (!signal.aborted) await once(signal, 'abort')
    } finally {
      await studio.close()
    }
  })

/** @throws KerfError as reading the model does: what is none is said here, before a page opens */
function filesToShow(path: string): GivenFile[] {
  if (isBuiltIn(path)) return [givenBytes(`${path.replace(/^\w+:/, '')}.onnx`, modelBytes(givenModel(path)))]
  const [, ...others] = filesOf(readModelFile(path))
  return givenFiles(path, others)
}
