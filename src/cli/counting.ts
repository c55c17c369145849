import type { Command } from 'commander'
import { type Profile, profileModel } from '../api/cost.ts'
import { filesOfGiven, givenModel } from './given-model.ts'
import { type InputShapes, inputShape } from './options.ts'
import { addFormatFlags, type TableFormat, tableFormats } from './output-type.ts'

/* What the commands that count have in common: how to count, and where to print it as what. */

export interface CountingOptions {
  readonly input?: InputShapes
  readonly format?: TableFormat
  readonly json?: boolean
  readonly output?: string
  readonly force?: boolean
  readonly fused?: boolean
  readonly strictAdds?: boolean
  readonly nonZero?: boolean
}

export function addCountingOptions(command: Command): Command {
  command.option(
    '-i, --input <shape>',
    'shape of an input: N,C,H,W, or name:N,C,H,W where there are several (repeatable)',
    inputShape,
  )
  return addFormatFlags(command, tableFormats, 'table')
    .option('--fused', 'count convolution + normalization + activation, and depthwise + pointwise, as one layer each')
    .option('--strict-adds', 'a sum of n terms takes n - 1 additions, not n')
    .option('--non-zero', 'also count the parameters that are not 0 (reads the weights)')
}

/** @returns the counts, and the files that the model consists of: none of them may be overwritten */
export function profileFile(path: string, options: CountingOptions): { profile: Profile; files: string[] } {
  const model = givenModel(path)
  const profile = profileModel(model, {
    name: path,
    inputs: options.input,
    fused: options.fused,
    strictAdds: options.strictAdds,
    countNonZero: options.nonZero,
  })
  return { profile, files: filesOfGiven(path, model) }
}
