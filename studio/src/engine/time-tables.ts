import type { Model } from 'kerf'
import type { TimedOn, TimeTable } from 'kerf/prune'
import { parseTimeTable, timeTableText } from 'kerf/workflow'
import { version } from '../../../package.json'
import { canKeep, hashOf, keptFolder, readKept, writeKept } from '../kept-files.ts'

/*
 * Times of layers that were measured in this browser, kept: a file for each machine, number of threads and network.
 */

/** This browser, as tables name it. */
export const timedOn = (threads: number): TimedOn => ({
  ...{ runtime: 'kerf', version, threads },
  machine: `${navigator.userAgent}, ${navigator.hardwareConcurrency} cores`,
})

/** The same for networks of the same layers and widths. */
function structureOf({ graph: { nodes, initializers } }: Model): string {
  const shape = (name: string) => initializers.get(name)?.shape.join('x') ?? ''
  return nodes.map(({ opType, inputs }) => `${opType} ${inputs.map(shape).join()}`).join('\n')
}

const folder = () => keptFolder('times')

const fileOf = async (model: Model, threads: number): Promise<string> =>
  `${await hashOf(`${JSON.stringify(timedOn(threads))}\n${structureOf(model)}`)}.json`

/** Undefined where there is none that can be read. */
export async function keptTimes(model: Model, threads: number): Promise<TimeTable | undefined> {
  if (!(await canKeep())) return undefined
  const file = await readKept(await folder(), await fileOf(model, threads))
  try {
    return file && parseTimeTable(await file.text())
  } catch {
    // Of another version of Kerf: it is measured anew.
    return undefined
  }
}

/** For the next visit. */
export async function keepTimes(model: Model, table: TimeTable): Promise<void> {
  if (await canKeep()) await writeKept(await folder(), await fileOf(model, table.on.threads), timeTableText(table))
}
