import type { Command } from 'commander'
import { stoppable } from '../../base/index.ts'
import { demoDigits } from '../demo/digits.ts'
import { demoOwnModel } from '../demo/own-model.ts'
import type { Io } from '../io.ts'
import { type InputShapes, inputShape } from '../options.ts'
import { withTask } from '../task.ts'

/** The main job in one go. */
export function define(command: Command, io: Io): void {
  command
    .argument(
      '[model]',
      'an ONNX file; without one, a trained network that comes with Kerf, and digits to fine-tune it with',
    )
    .option('-i, --input <shape>', 'shape of an input: N,C,H,W, or name:N,C,H,W (repeatable)', inputShape)
    .action((path: string | undefined, options: { input?: InputShapes }) =>
      withTask(io, (task, io) =>
        stoppable('The demo', () =>
          path === undefined ? demoDigits(task, io) : demoOwnModel(path, options.input, task, io),
        ),
      ),
    )
}
