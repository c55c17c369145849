import { KerfError, type Task, turns } from '../base/index.ts'
import { graphInputs, type Model } from '../graph/index.ts'
import { planFor } from '../plan/index.ts'
import type { Program } from './backend.ts'
import { type BackendOptions, chooseBackend } from './choose-backend.ts'
import { planning } from './pace.ts'

/**
 * A network that is run again and again on memory that its caller shares: inputs are written and outputs are read in place, and inputs keep their
 * content. Training works so: weights are inputs, gradients outputs, and a step changes the weights where they are.
 * @param inputShapes concrete; all inputs and outputs are float32
 * @param options what computes; `signal` and `progress` are those of making the program
 * @throws UnsupportedError for an operator that is not known; KerfError `out-of-memory`, `wrong-element-type`, `aborted`
 */
export async function createProgram(
  model: Model,
  inputShapes: ReadonlyMap<string, readonly number[]>,
  options: BackendOptions & Task = {},
): Promise<Program> {
  for (const { name, type } of graphInputs(model.graph))
    if (type?.kind !== 'tensor' || type.elementType !== 'float32')
      throw new KerfError(
        'wrong-element-type',
        `Input "${name}" is not float32; a program that keeps its inputs has float32 ones only.`,
        { input: name },
      )
  const backend = chooseBackend(options)
  await turns(options.signal, planning)()
  return backend.compile(
    await planFor(model, inputShapes, backend, { keepsInputs: true, operators: options.operators }),
    options,
  )
}
