import type { PreprocessingOptions } from './preprocessing.ts'

/* What other programs write into metadata_props about images. */

interface Foreign {
  readonly classes?: readonly string[]
  readonly preprocessing?: PreprocessingOptions
}

export function foreignMetadata(metadata: ReadonlyMap<string, string>): Foreign {
  const classes = namesFrom(metadata.get('names'))
  return { classes, preprocessing: ultralytics(metadata) ?? imageKeys(metadata) ?? moments(metadata) }
}

/**
 * Ultralytics: `names` is a Python dict, `imgsz` a Python list of height and width, `task` what the network does. Its exporters feed pixels from 0 to 1 in
 * rgb; classifiers get the middle of the image, detectors and the like all of it on a grey of 114. Source: ultralytics 8.3, `engine/exporter.py`
 * (metadata) and `data/augment.py` (LetterBox, classify_transforms).
 */
function ultralytics(metadata: ReadonlyMap<string, string>): PreprocessingOptions | undefined {
  const size = /^\s*[[(]\s*(\d+)\s*,\s*(\d+)\s*[\])]\s*$/.exec(metadata.get('imgsz') ?? '')
  if (!size || !metadata.has('stride')) return undefined
  const classify = metadata.get('task') === 'classify'
  return {
    resize: [Number(size[1]), Number(size[2])],
    fit: classify ? 'cover' : 'contain',
    border: classify ? 0 : 114,
    order: 'rgb',
    scale: 1 / 255,
    mean: [0],
    std: [1],
  }
}

const ranges: Readonly<Record<string, Pick<PreprocessingOptions, 'scale' | 'mean' | 'std'>>> = {
  nominalrange_0_255: { scale: 1, mean: [0], std: [1] },
  normalized_0_1: { scale: 1 / 255, mean: [0], std: [1] },
  normalized_1_1: { scale: 1 / 127.5, mean: [1], std: [1] },
  nominalrange_16_235: { scale: 219 / 255, mean: [-16], std: [1] },
}

const formats: Readonly<Record<string, Pick<PreprocessingOptions, 'order' | 'channels'>>> = {
  gray8: { channels: 1 },
  rgb8: { order: 'rgb', channels: 3 },
  bgr8: { order: 'bgr', channels: 3 },
}

/** ONNX's own keys, whose names and values do not tell capital letters from small ones. */
function imageKeys(metadata: ReadonlyMap<string, string>): PreprocessingOptions | undefined {
  const values = new Map([...metadata].map(([key, value]) => [key.toLowerCase(), value.toLowerCase()]))
  const format = formats[values.get('image.bitmappixelformat') ?? '']
  const range = ranges[values.get('image.nominalpixelrange') ?? '']
  return format || range ? { ...format, ...range } : undefined
}

const numbersFrom = (text: string | undefined): number[] =>
  (text ?? '').split(',').map((t) => (t.trim() === '' ? Number.NaN : Number(t)))

/**
 * `mean` and `std`, numbers with commas between them, as saved beside weights: of pixels from 0 to 1. A deviation above 1/2 is none of such pixels, so
 * that the numbers must be meant otherwise.
 */
function moments(metadata: ReadonlyMap<string, string>): PreprocessingOptions | undefined {
  const [mean, std] = [numbersFrom(metadata.get('mean')), numbersFrom(metadata.get('std'))]
  const fit = mean.length === std.length && (mean.length === 1 || mean.length === 3)
  if (!fit || !mean.every((m) => m >= 0 && m <= 1) || !std.every((s) => s > 0 && s <= 0.5)) return undefined
  return { scale: 1 / 255, mean, std }
}

/**
 * Names of classes by their numbers: a Python dict or list, or JSON of either.
 * @returns undefined where the numbers are not 0, 1, 2 …
 */
function namesFrom(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined
  const isDict = /^\s*\{.*\}\s*$/s.test(text)
  if (!isDict && !/^\s*\[.*\]\s*$/s.test(text)) return undefined
  const quoted = /\s*(?:["']?(\d+)["']?\s*:\s*)?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*(,|$)/gsy
  const inside = text.trim().slice(1, -1)
  const names: string[] = []
  while (quoted.lastIndex < inside.length) {
    const match = quoted.exec(inside)
    const [, number, literal = ''] = match ?? []
    if (!match || (number !== undefined) !== isDict || (isDict && Number(number) !== names.length)) return undefined
    names.push(literal.slice(1, -1).replaceAll(/\\(.)/gs, '$1'))
  }
  return names.length > 0 ? names : undefined
}
