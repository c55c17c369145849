// Lines of text as a reader of pictures meets them: drawn with this machine's fonts, half of them upside down.

import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

const words =
  `about after again air all along also always another any around ask away back because been before began below between big book both boy call came carry change children city close come country cut
  different does earth eat end enough even every example eye face family far father feet few find first follow food form found four give good great group grow hand hard head hear help here high home
  house idea important keep kind know land large last later learn leave letter life light line list little live long look made main make many mean might mile mother move much must name near need never
  next night number often old only open other over own page paper part people place plant play point press price quick read really right river room run said same school sea second seem sentence set
  should show side small some song soon sound spell start state still stop story street study such take talk tell their there thing think those thought three time together took tree try turn under until
  use very walk want watch water way well white while why word work world would write year young exit sale hotel menu total office market bank coffee station gate ticket`.split(
    /\s+/,
  )

/** Free families that Debian packs, as many of them as this machine has (fontconfig knows). */
const families = [
  ...['DejaVu Sans', 'DejaVu Serif', 'DejaVu Sans Mono', 'Liberation Sans', 'Liberation Serif', 'Liberation Mono'],
  ...['FreeSans', 'FreeSerif', 'FreeMono', 'Lato', 'Open Sans', 'Roboto', 'Noto Sans', 'Noto Serif'],
]

export function installedFonts() {
  const known = execFileSync('fc-list', [':', 'family'], { encoding: 'utf8' })
  const names = new Set(known.split('\n').flatMap((line) => line.split(',')))
  return families.filter((family) => names.has(family))
}

/** Uniform in [0, 1), by a seed (xorshift32). */
function randomBy(seed) {
  let state = seed * 2654435761 + 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

const height = 48
const width = 192

/**
 * Writes so many pictures of 48×192 into `folder`: those that stand upright into 0, those upside down into 180.
 * @param {import('sharp').SharpConstructor} sharp
 * @param {string} folder
 * @param {{ count: number, seed: number, fonts: readonly string[], classes?: boolean }} lines `classes: false`: all into one folder
 */
export async function drawLines(sharp, folder, lines) {
  const { count, seed, fonts, classes = true } = lines
  const random = randomBy(seed)
  const pick = (list) => list[Math.floor(random() * list.length)]
  const between = (low, high) => low + random() * (high - low)
  for (const name of classes ? ['0', '180'] : ['.']) mkdirSync(join(folder, name), { recursive: true })
  for (let i = 0; i < count; i++) {
    const turned = i % 2 === 1
    const svg = lineOfText({ random, pick, between, family: pick(fonts) })
    const line = await sharp(Buffer.from(svg)).trim({ threshold: 20 }).png().toBuffer({ resolveWithObject: true })
    const margin = () => Math.round(between(0.04, 0.16) * line.info.height)
    const background = backgroundOf(svg)
    const cropped = await sharp(line.data)
      .flatten({ background })
      .extend({ top: margin(), bottom: margin(), left: margin(), right: margin(), background })
      .rotate(turned ? 180 : 0)
      .blur(between(0.3, 1.4))
      .jpeg({ quality: Math.round(between(40, 95)) })
      .toBuffer({ resolveWithObject: true })
    // As the network was trained: as high as its input, as wide as that makes it, what lacks on the right is grey.
    const wide = Math.min(width, Math.max(8, Math.round((height * cropped.info.width) / cropped.info.height)))
    await sharp(cropped.data)
      .resize(wide, height, { fit: 'fill' })
      .extend({ right: width - wide, background: '#808080' })
      .png()
      .toFile(join(folder, classes ? (turned ? '180' : '0') : '.', `${String(i).padStart(4, '0')}.png`))
  }
}

function lineOfText({ random, pick, between, family }) {
  const number = () => String(Math.floor(between(0, 10 ** between(1, 5))))
  const one = () => {
    const word = random() < 0.15 ? number() : pick(words)
    return random() < 0.2 ? word.toUpperCase() : random() < 0.4 ? word[0].toUpperCase() + word.slice(1) : word
  }
  const text = Array.from({ length: 1 + Math.floor(between(0, 3)) }, one).join(' ')
  const dark = random() < 0.3
  const shade = (low, high) => `rgb(${[0, 1, 2].map(() => Math.round(between(low, high))).join(',')})`
  const [ink, ground] = dark ? [shade(170, 255), shade(0, 90)] : [shade(0, 100), shade(165, 255)]
  const style = `font-weight="${random() < 0.3 ? 'bold' : 'normal'}" font-style="${random() < 0.15 ? 'italic' : 'normal'}"`
  return `<svg xmlns="http://www.w3.org/2000/svg" width="1400" height="140"><rect width="1400" height="140" fill="${ground}"/><text x="40" y="95" font-family="${family}" font-size="64" ${style} fill="${ink}" transform="rotate(${between(-1.5, 1.5).toFixed(2)} 700 70)">${text}</text></svg>`
}

const backgroundOf = (svg) => /<rect [^>]*fill="([^"]*)"/.exec(svg)?.[1]
