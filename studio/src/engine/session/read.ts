import { strFromU8, unzipSync } from 'fflate'
import { KerfError, parseJson, readModel } from 'kerf'
import { human } from 'kerf/report'
import * as z from 'zod/mini'
import type { Step } from '../steps.ts'
import {
  type Manifest,
  manifestName,
  manifestSchema,
  mostBytes,
  mostFiles,
  mostManifestBytes,
  mostSteps,
  sha256,
} from './manifest.ts'
import { settingsTogether } from './setting-files.ts'
import type { Session } from './types.ts'

/**
 * Reads a session's file. What is in it may come from anybody: sizes are looked at before anything is unpacked, nothing compressed is taken, and every model must be what the manifest says.
 * @throws KerfError `bad-session`, `too-large`, and as `readModel`
 */
export async function readSession(file: Blob): Promise<Session> {
  if (file.size > mostBytes + mostManifestBytes)
    throw new KerfError(
      'too-large',
      `A session’s file has at most ${human(mostBytes, 'B')}, and this one ${human(file.size, 'B')}.`,
    )
  const files = unpacked(new Uint8Array(await file.arrayBuffer()))
  const manifest = manifestOf(files[manifestName])
  const { name, at, counting, steps } = manifest
  const settings = await settingsTogether(manifest, files, bad)
  if (at >= steps.length) throw bad(`it has ${steps.length} steps, and step ${at} is to be open`)
  const read: Step[] = []
  for (const { file, sha256: expected, ...step } of steps) {
    const bytes = files[file]?.slice()
    if (!bytes) throw bad(`the model of the step "${step.title}" is missing`)
    if ((await sha256(bytes)) !== expected) throw bad(`the model of the step "${step.title}" is damaged`)
    // External data have been taken into it.
    read.push({ ...step, model: readModel(bytes, { name: file }) } as Step)
  }
  return { name, at, counting, settings, steps: read }
}

function unpacked(bytes: Uint8Array): Readonly<Record<string, Uint8Array>> {
  let count = 0
  try {
    return unzipSync(bytes, {
      filter({ name, size, originalSize, compression }) {
        count++
        if (count > mostSteps + mostFiles + 1) throw bad('it holds too many files')
        if (compression !== 0 || size !== originalSize)
          throw bad(`"${name}" in it is compressed, which Kerf does not do`)
        if (name === manifestName && size > mostManifestBytes) throw bad('what it says of itself is too large')
        return true
      },
    })
  } catch (error) {
    if (error instanceof KerfError) throw error
    throw bad(`the archive is damaged (${(error as Error).message})`)
  }
}

function manifestOf(bytes: Uint8Array | undefined): Manifest {
  if (!bytes) throw bad(`it is an archive without ${manifestName}`)
  let json: unknown
  try {
    json = parseJson(strFromU8(bytes))
  } catch (error) {
    throw bad(`${manifestName} is no JSON: ${(error as Error).message}`)
  }
  const parsed = z.safeParse(manifestSchema, json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw bad(`${manifestName} is none of this version of Kerf: ${issue?.path.join('.') || 'it'}: ${issue?.message}`)
}

const bad = (why: string): KerfError =>
  new KerfError('bad-session', `This is no session that Kerf Studio saved: ${why}. Open the model itself.`)
