import { strToU8, zipSync } from 'fflate'
import { KerfError, modelBytes } from 'kerf'
import { human } from 'kerf/report'
import type { TrainOutcome } from '../train/types.ts'
import { type Manifest, manifestName, mostBytes, sha256, version } from './manifest.ts'
import { settingsApart } from './setting-files.ts'
import type { Session } from './types.ts'

/*
 * A session as a file: a zip archive of the model at every step and a manifest. Nothing is compressed: weights would hardly be smaller, and what is not
 * compressed cannot grow when it is read.
 */

/** @throws KerfError `too-large` */
export async function writeSession({ name, at, steps, counting, settings }: Session) {
  const files: Record<string, Uint8Array<ArrayBuffer>> = {}
  const told: Manifest['steps'] = []
  const kept = await settingsApart(settings)
  let sum = Object.values(kept.files).reduce((all, { length }) => all + length, 0)
  for (const [i, { title, model, command, recovery, swap, quantized, cut, trained }] of steps.entries()) {
    const bytes = modelBytes(model).slice()
    sum += bytes.length
    if (sum > mostBytes)
      throw new KerfError(
        'too-large',
        `The models of ${steps.length} steps are larger than ${human(mostBytes, 'B')} together, which is the most that a session’s file holds. Save the model of the last step.`,
      )
    const file = `steps/${i}.onnx`
    files[file] = bytes
    // Plain data, without what is undefined, and without what of a result is no data.
    const outcome = JSON.parse(
      JSON.stringify({ command, recovery, swap, quantized, cut, trained: trained && withoutPictures(trained) }),
    )
    told.push({ title, file, sha256: await sha256(bytes), ...outcome })
  }
  const manifest = {
    ...{ kerf: 'session', version, name, at, counting },
    ...{ settings: kept.settings, files: kept.told, steps: told },
  }
  const archive = zipSync(
    { [manifestName]: strToU8(JSON.stringify(manifest, null, 1)), ...files, ...kept.files },
    { level: 0 },
  )
  return {
    name: `${name.replace(/\.onnx$/i, '')}.kerf`,
    blob: new Blob([archive.slice()], { type: 'application/zip' }),
  }
}

/** Pictures may be private. */
const withoutPictures = ({ worst, ...told }: TrainOutcome): TrainOutcome => ({
  ...told,
  worst: worst.map(({ pixels: _, ...picture }) => picture),
})
