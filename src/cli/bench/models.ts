import { profileModel } from '../../api/cost.ts'
import { graphInputs, type Model } from '../../api/graph.ts'
import { type Timing, timeInTurns } from '../../api/runtime.node.ts'
import type { Task } from '../../base/index.ts'
import { givenModel } from '../given-model.ts'
import type { Io } from '../io.ts'
import type { InputShapes } from '../options.ts'
import { readFeeds } from '../run/feeds.ts'
import { version } from '../version.ts'
import { defaultSeed } from '../vocabulary.ts'
import { timeInBrowser } from './browser.ts'
import { type Kerf, openKerf } from './contenders.ts'
import type { Entrant } from './entrant.ts'
import { type Machine, thisMachine } from './machine.ts'
import type { ModelsResult } from './models-report.ts'

/*
 * Several models against each other, in turns: in this process, or in a browser.
 */

export interface ModelsOptions {
  readonly input?: InputShapes
  readonly threads: number
  readonly seconds: number
  readonly browser?: boolean
}

/** What was measured, model by model. */
interface Measured {
  readonly machine: Machine
  readonly timings: readonly Timing[]
}

/**
 * @throws KerfError as reading, planning and running throw; `no-browser` and `browser-failed` with `browser`
 */
export async function measureModels(
  paths: readonly string[],
  options: ModelsOptions,
  task: Task,
  io: Io,
): Promise<ModelsResult> {
  const notices: string[] = []
  const onNotice = (text: string) => {
    if (notices.includes(text)) return
    notices.push(text)
    io.err(`kerf: ${text}\n`)
  }
  const entrants: Entrant[] = []
  for (const path of paths) entrants.push(await entrantOf(path, givenModel(path), options.input))
  const where = options.browser ? ' in a browser' : ''
  io.err(
    `Measuring ${entrants.length === 1 ? 'one model' : `${entrants.length} models`} for ${options.seconds} seconds${where} …\n`,
  )
  const { machine, timings } = options.browser
    ? await timeInBrowser(entrants, { ...options, ...task, onNotice })
    : await timeHere(entrants, { ...options, ...task, onNotice })
  const first = timings[0]!
  return {
    machine,
    models: entrants.map(({ path, model, feeds }, i) => {
      const shapes = new Map([...feeds].map(([name, tensor]) => [name, tensor.shape]))
      const { totals, unsupported } = profileModel(model, { inputs: shapes })
      const timing = timings[i]!
      const inputs = [...shapes].map(([name, shape]) => ({ name, shape }))
      return { model: path, inputs, totals, unsupported, ...timing, ratio: timing.medianMs / first.medianMs }
    }),
    notices,
  }
}

/** Shapes given by name go to the models that have an input of this name. */
export async function entrantOf(path: string, model: Model, given: InputShapes = new Map()): Promise<Entrant> {
  const names = new Set(graphInputs(model.graph).map((i) => i.name))
  const own = [...given].filter(([name]) => name === '' || names.has(name))
  const infos = await readFeeds(model, new Map(own.map(([name, shape]) => [name, { shape }])), defaultSeed, {})
  return { path, model, feeds: new Map(infos.map(({ name, tensor }) => [name, tensor])) }
}

/** In this process, on Kerf's runtime. */
export async function timeHere(
  entrants: readonly Entrant[],
  {
    threads,
    seconds,
    onNotice,
    ...task
  }: Pick<ModelsOptions, 'threads' | 'seconds'> & Task & { readonly onNotice: (text: string) => void },
): Promise<Measured> {
  const opened: Kerf[] = []
  try {
    for (const { path, model, feeds } of entrants)
      opened.push(
        await openKerf(model, Object.fromEntries(feeds), {
          threads,
          version: version(),
          onNotice: (text) => onNotice(`${path}: ${text}`),
          ...task,
        }),
      )
    const timings = await timeInTurns(opened, seconds, task)
    return { machine: thisMachine(opened[0]?.session.threads ?? threads, opened[0]?.session.instructions), timings }
  } finally {
    for (const kerf of opened) await kerf.release()
  }
}
