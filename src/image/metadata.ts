import { parseJson } from '../base/index.ts'
import { editGraph, graphInputs, type Model } from '../graph/index.ts'
import { foreignMetadata } from './foreign.ts'
import { type Preprocessing, type PreprocessingOptions, preprocessingFor } from './preprocessing.ts'

/*
 * In ONNX's metadata_props, as JSON:
 *   kerf.classes   ["cat","dog"], in the order of the outputs
 *   kerf.image     {"resize":[224,224],"fit":"cover","scale":0.00392,"mean":[…],"std":[…] …}, the fields of `Preprocessing`
 */
const keys = { classes: 'kerf.classes', image: 'kerf.image' } as const

/** What a file says of images and classes. */
export interface ImageMetadata {
  /** Names of the classes, in the order of the outputs. */
  readonly classes?: readonly string[]
  /** As much of it as the file says. */
  readonly preprocessing?: PreprocessingOptions
  /** What was there but could not be understood, in sentences; it counts as not there. */
  readonly problems: readonly string[]
}

/**
 * What a file says of images and classes: Kerf's own keys, else what Ultralytics writes (names, imgsz, task), else ONNX's keys of images
 * (Image.BitmapPixelFormat, Image.NominalPixelRange; docs/MetadataProps.md of ONNX 1.20).
 * @param model what was read from a file
 */
export function imageMetadata(model: Pick<Model, 'metadata'>): ImageMetadata {
  const { metadata } = model
  const problems: string[] = []
  const read = <T>(key: string, check: (value: unknown) => T | undefined): T | undefined => {
    const text = metadata.get(key)
    if (text === undefined) return undefined
    const value = check(parsed(text))
    if (value === undefined)
      problems.push(`${key} in the file's metadata cannot be understood, so that it is passed over: ${shortened(text)}`)
    return value
  }
  const foreign = foreignMetadata(metadata)
  return {
    classes: read(keys.classes, classesFrom) ?? foreign.classes,
    preprocessing: read(keys.image, preprocessingFrom) ?? foreign.preprocessing,
    problems,
  }
}

/** What can be written into a model's file; a field that is undefined stays as it is there. */
export interface NewImageMetadata {
  /** Names of the classes, in the order of the outputs. */
  readonly classes?: readonly string[]
  /** How images become the network's input. */
  readonly preprocessing?: Preprocessing
}

/** A model with this in its metadata. */
export function withImageMetadata(model: Model, { classes, preprocessing }: NewImageMetadata): Model {
  const editor = editGraph(model)
  if (classes) editor.setMetadata(keys.classes, JSON.stringify(classes))
  if (preprocessing) editor.setMetadata(keys.image, JSON.stringify(preprocessing))
  return editor.model()
}

/**
 * Shapes of inputs that the graph leaves open but the file tells: of one image, as it was trained on.
 * @returns the only input's by its name; empty where nothing is told
 */
export function imageShapes(model: Model): ReadonlyMap<string, readonly number[]> {
  const [input, ...others] = graphInputs(model.graph)
  const shape = input?.type?.kind === 'tensor' ? input.type.shape : undefined
  const { preprocessing: stored } = imageMetadata(model)
  if (!input || others.length > 0 || shape?.length !== 4 || !(stored?.crop ?? stored?.resize)) return new Map()
  const { channels, layout, crop, resize } = preprocessingFor(input, {}, stored).preprocessing
  const size = crop ?? resize ?? []
  return new Map([[input.name, layout === 'NCHW' ? [1, channels, ...size] : [1, ...size, channels]]])
}

/** A model of which only some classes are left, with the names of those. @param kept their former numbers, in order */
export function withKeptClasses(model: Model, kept: Int32Array): Model {
  const { classes } = imageMetadata(model)
  return classes ? withImageMetadata(model, { classes: Array.from(kept, (i) => classes[i] ?? String(i)) }) : model
}

const shortened = (text: string) => (text.length > 60 ? `${text.slice(0, 59)}…` : text)

function parsed(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

const classesFrom = (value: unknown): string[] | undefined =>
  Array.isArray(value) && value.length > 0 && value.every((v) => typeof v === 'string') ? value : undefined

const isNumber = (v: unknown): v is number => typeof v === 'number' && Number.isFinite(v)
const isSize = (v: unknown) => Array.isArray(v) && v.length === 2 && v.every((d) => Number.isInteger(d) && d >= 1)
const oneOf =
  (...allowed: readonly unknown[]) =>
  (v: unknown) =>
    allowed.includes(v)
const isPerChannel = (v: unknown): v is number[] =>
  Array.isArray(v) && (v.length === 1 || v.length === 3) && v.every(isNumber)

const fields: { readonly [K in keyof Required<Preprocessing>]: (value: unknown) => boolean } = {
  resize: isSize,
  fit: oneOf('fill', 'cover', 'contain'),
  border: (v) => isNumber(v) && v >= 0 && v <= 255,
  crop: isSize,
  channels: oneOf(1, 3),
  order: oneOf('rgb', 'bgr'),
  layout: oneOf('NCHW', 'NHWC'),
  scale: (v) => isNumber(v) && v > 0,
  mean: isPerChannel,
  std: (v) => isPerChannel(v) && v.every((d) => d !== 0),
}

/** Every field must be right: half of it would be another preprocessing. Names of later versions are passed over. */
function preprocessingFrom(value: unknown): PreprocessingOptions | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const known = Object.entries(fields).flatMap(([key, isRight]) => {
    const field = (value as Record<string, unknown>)[key]
    return field === undefined ? [] : [{ key, field, right: isRight(field) }]
  })
  if (!known.every((k) => k.right)) return undefined
  return Object.fromEntries(known.map(({ key, field }) => [key, field]))
}
