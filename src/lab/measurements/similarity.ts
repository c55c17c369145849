import { momentsOf, rankCorrelation, seededRandom, seedFrom } from '../../base/index.ts'
import { GraphBuilder, tensorOf } from '../../graph/index.ts'
import type { Chart, Table } from '../../report/index.ts'
import { hostTensor } from '../../runtime/index.ts'
import { atLeast, control, equal } from '../checks.ts'
import { drawIndices, drawPerClass, pixelsOf } from '../digits.ts'
import type { Check, Findings, LabContext } from '../experiment.ts'
import { progress } from '../progress.ts'
import { runOnce } from '../running.ts'

export interface Settings {
  readonly templatesPerClass: number
  readonly images: number
}

const kinds = ['adder', 'ordinary'] as const
type Kind = (typeof kinds)[number]
type Responses = Readonly<Record<Kind, Float64Array>>

/** How a template is changed, by a quantity that the chart has on its x axis. */
const brightnesses = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]
const noises = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1]
const offsets = [0, 1, 2, 3, 4, 6]

interface Pictures {
  readonly count: number
  readonly size: number
  readonly pixels: Float32Array
}

/** Both convolutions of the same x and w. */
async function respond(
  x: Float32Array,
  xShape: readonly number[],
  w: Float32Array,
  wShape: readonly number[],
  groups: number,
  context: LabContext,
): Promise<Responses> {
  const b = new GraphBuilder('similarity')
  const inputs = [b.input('x', 'float32', xShape), b.constant('w', tensorOf('float32', wShape, w))]
  b.output(b.node('AdderConv', inputs, { group: groups }, { domain: 'ai.kerf', outputs: ['adder'] }))
  b.output(b.node('Conv', inputs, { group: groups }, { outputs: ['ordinary'] }))
  const outputs = await runOnce(b.model(), { x: hostTensor('float32', xShape, x) }, context)
  return { adder: outputs.get('adder')!, ordinary: outputs.get('ordinary')! }
}

/** Responses of every image to every template, [images, templates]: one output each, the kernel being as large as the image. */
const compare = (images: Pictures, templates: Pictures, context: LabContext): Promise<Responses> =>
  respond(
    images.pixels,
    [images.count, 1, images.size, images.size],
    templates.pixels,
    [templates.count, 1, templates.size, templates.size],
    1,
    context,
  )

/** −Σ|x − w|, by definition. */
function distances(images: Pictures, templates: Pictures): Float64Array {
  const area = images.size ** 2
  const out = new Float64Array(images.count * templates.count)
  for (let i = 0; i < images.count; i++)
    for (let t = 0; t < templates.count; t++) {
      let sum = 0
      for (let p = 0; p < area; p++) sum -= Math.abs(images.pixels[i * area + p]! - templates.pixels[t * area + p]!)
      out[i * templates.count + t] = sum
    }
  return out
}

/** Share of images whose strongest template is of their class. */
function accuracy(responses: Float64Array, labels: readonly number[], classOf: readonly number[]): number {
  let right = 0
  labels.forEach((label, i) => {
    const row = responses.subarray(i * classOf.length, (i + 1) * classOf.length)
    const best = row.reduce((a, v, t) => (v > row[a]! ? t : a), 0)
    if (classOf[best] === label) right++
  })
  return right / labels.length
}

/** Response of each template to its own changed version, as points of a mean over all: 1 is the template itself, 0 an average other image. */
async function tolerance(
  templates: Pictures,
  others: Responses,
  levels: readonly number[],
  change: (picture: Float32Array, level: number) => Float32Array,
  context: LabContext,
): Promise<Record<Kind, number[]>> {
  const area = templates.size ** 2
  const own = (r: Float64Array, t: number) => r[t * templates.count + t]!
  const self = await compare(templates, templates, context)
  const result: Record<Kind, number[]> = { adder: [], ordinary: [] }
  for (const level of levels) {
    const changed = new Float32Array(templates.pixels.length)
    for (let t = 0; t < templates.count; t++)
      changed.set(change(templates.pixels.subarray(t * area, (t + 1) * area), level), t * area)
    const responses = await compare({ ...templates, pixels: changed }, templates, context)
    for (const kind of kinds) {
      const mean = momentsOf(others[kind]).mean
      const scaled = Array.from({ length: templates.count }, (_, t) => {
        const itself = own(self[kind], t)
        return (own(responses[kind], t) - mean) / (itself - mean)
      })
      result[kind].push(momentsOf(scaled).mean)
    }
  }
  return result
}

/** Moves a picture to the right; zeros come in. */
function moved(picture: Float32Array, size: number, by: number): Float32Array {
  const out = new Float32Array(picture.length)
  for (let row = 0; row < size; row++) out.set(picture.subarray(row * size, (row + 1) * size - by), row * size + by)
  return out
}

/** A canvas per template: the template somewhere in the left half, a white square somewhere in the right half. */
async function found(templates: Pictures, seed: number, context: LabContext): Promise<Record<Kind, number>> {
  const random = seededRandom(seed)
  const { size, count } = templates
  const [height, width] = [2 * size, 3 * size]
  const canvases = new Float32Array(count * height * width)
  const places: number[] = []
  const outWidth = width - size + 1
  const outHeight = height - size + 1
  for (let t = 0; t < count; t++) {
    const canvas = canvases.subarray(t * height * width, (t + 1) * height * width)
    const [row, column] = [random.below(outHeight), random.below(size / 2)]
    places.push(row * outWidth + column)
    for (let i = 0; i < size; i++)
      canvas.set(
        templates.pixels.subarray((t * size + i) * size, (t * size + i + 1) * size),
        (row + i) * width + column,
      )
    const [top, left] = [random.below(outHeight), 2 * size - random.below(size / 4)]
    for (let i = 0; i < size; i++) canvas.fill(1, (top + i) * width + left, (top + i) * width + left + size)
  }
  const { adder, ordinary } = await respond(
    canvases,
    [1, count, height, width],
    templates.pixels,
    [count, 1, size, size],
    count,
    context,
  )
  const share = (maps: Float64Array) => {
    const area = outHeight * outWidth
    const hits = places.filter((place, t) => {
      const map = maps.subarray(t * area, (t + 1) * area)
      return map.every((v) => v <= map[place]!)
    })
    return hits.length / count
  }
  return { adder: share(adder), ordinary: share(ordinary) }
}

export async function measure(settings: Settings, context: LabContext): Promise<Findings> {
  const { name, sets } = await context.digits()
  const own = drawPerClass(sets.train, settings.templatesPerClass, seedFrom(context.seed, 'templates'))
  const others = drawIndices(sets.test, settings.images, seedFrom(context.seed, 'images'))
  const size = sets.train.width
  const templates: Pictures = { count: own.length, size, pixels: await pixelsOf(sets.train, own) }
  const images: Pictures = { count: others.length, size, pixels: await pixelsOf(sets.test, others) }
  const classOf = Array.from(own, (i) => sets.train.labels[i]!)
  const labels = Array.from(others, (i) => sets.test.labels[i]!)
  const responses = await compare(images, templates, context)
  await progress(context, 0.2)
  const exact = distances(images, templates)
  const each = (f: (kind: Kind) => number) => ({ adder: f('adder'), ordinary: f('ordinary') })
  const ranked = each((kind) => rankCorrelation(responses[kind], exact))
  const right = each((kind) => accuracy(responses[kind], labels, classOf))
  const white = await compare({ count: 1, size, pixels: new Float32Array(size * size).fill(1) }, templates, context)
  const itself = await compare(templates, templates, context)
  const fooled = each(
    (kind) =>
      classOf.filter((_, t) => white[kind][t]! > itself[kind][t * templates.count + t]!).length / templates.count,
  )
  await progress(context, 0.4)
  const random = seededRandom(seedFrom(context.seed, 'noise'))
  const brighter = await tolerance(templates, responses, brightnesses, (p, f) => p.map((v) => f * v), context)
  const noisy = await tolerance(
    templates,
    responses,
    noises,
    (p, d) => p.map((v) => Math.min(1, Math.max(0, v + d * random.normal()))),
    context,
  )
  const shifted = await tolerance(templates, responses, offsets, (p, by) => moved(p, size, by), context)
  await progress(context, 0.8)
  const places = await found(templates, seedFrom(context.seed, 'canvas'), context)
  const highest = each((kind) => brightnesses[brighter[kind].indexOf(Math.max(...brighter[kind]))]!)
  const falling = noisy.adder.every((v, i) => i === 0 || v < noisy.adder[i - 1]!)
  return {
    data: `${name}: ${templates.count} training images as templates, ${images.count} test images`,
    tables: [summary({ ranked, right, fooled, places, highest })],
    charts: [
      chart('Likeness of a template with its brightness changed', 'brightness', brightnesses, brighter),
      chart('Likeness of a template with noise added', 'deviation of the noise', noises, noisy),
      chart('Likeness of a template that is moved', 'pixels to the right', offsets, shifted),
    ],
    checks: checksOf({ ranked, right, fooled, places, highest }, falling),
    notes: [
      'Likeness is the response, scaled so that 1 is that to the template itself and 0 the mean response of all test images to all templates.',
      'This compares the bare measures. Ordinary networks do not use theirs bare: they learn filters with negative weights, and biases.',
    ],
  }
}

type Found = Readonly<Record<'ranked' | 'right' | 'fooled' | 'places' | 'highest', Readonly<Record<Kind, number>>>>

const summary = ({ ranked, right, fooled, places, highest }: Found): Table => ({
  title: 'Both responses',
  columns: [
    { key: 'what', header: '' },
    { key: 'adder', header: 'Adder', kind: 'ratio' },
    { key: 'ordinary', header: 'Ordinary', kind: 'ratio' },
  ],
  rows: [
    ['Rank correlation with −Σ|x − w|', ranked.adder, ranked.ordinary],
    ['Strongest template is of the right class', right.adder, right.ordinary],
    ['A white patch beats the template itself', fooled.adder, fooled.ordinary],
    ['Found on a canvas with a white square', places.adder, places.ordinary],
    ['Brightness with the highest response', highest.adder, highest.ordinary],
  ],
})

const chart = (
  title: string,
  xLabel: string,
  levels: readonly number[],
  values: Readonly<Record<Kind, readonly number[]>>,
): Chart => ({
  title,
  xLabel,
  series: kinds.map((kind) => ({
    name: kind,
    points: values[kind].map((v, i) => [levels[i]!, v] as const),
  })),
})

const checksOf = ({ ranked, right, fooled, places, highest }: Found, falling: boolean): Check[] => [
  atLeast('Rank correlation of the adder response with the negated distance', 0.999, ranked.adder),
  control(atLeast('the same of the ordinary response', 0.999, ranked.ordinary)),
  equal('Templates that a white patch beats, adder', 0, fooled.adder),
  control(equal('the same, ordinary', 0, fooled.ordinary)),
  equal('Brightness with the highest response, adder', 1, highest.adder),
  control(equal('the same, ordinary', 1, highest.ordinary)),
  equal('The adder response falls with every step of noise', 'yes', falling ? 'yes' : 'no'),
  atLeast('Templates found beside a white square, adder', 0.99, places.adder),
  control(atLeast('the same, ordinary', 0.99, places.ordinary)),
  atLeast('Right class by the strongest template: adder less ordinary', 0.1, right.adder - right.ordinary),
]
