import type { Shape } from '../../base/index.ts'
import { KerfError, NodeError } from '../../base/index.ts'
import {
  analyse,
  axesOf,
  editGraph,
  fixesBatch,
  freeBatch,
  graphInputs,
  type ImageLayout,
  imageLayoutOf,
  inFloat32,
  inferenceForm,
  type Model,
  makeNode,
  type OperatorSet,
  simplified,
  withInputShapes,
} from '../../graph/index.ts'
import { layoutOf } from '../../image/index.ts'
import { operators as allOperators } from '../../ops/index.ts'

/*
 * Data sets give [N, C, H, W], in batches of any size. Files have other inputs: TensorFlow's exports NHWC, most exports a batch of one image.
 */

/** A network as training and evaluation give it images. */
export interface ImageNetwork {
  /** Takes [N, C, H, W]; without calls of functions. */
  readonly model: Model
  /** The same for as many images as its file fixes, where `model` takes another number. */
  readonly fixed: { readonly model: Model; readonly size: number } | undefined
  /** What is not as in other files, in words. */
  readonly notices: readonly string[]
}

/**
 * The network with an input [N, C, H, W] for a batch of this size: nodes of the given one keep their names, and what they compute.
 * @param imageShape of a batch
 * @throws KerfError as `imageInput`, `fixed-batch` as `freeBatch`
 */
export function networkForImages(
  given: Model,
  imageShape: readonly number[],
  operators: OperatorSet = allOperators,
): ImageNetwork {
  const plain = simplified(inferenceForm(given, operators), operators)
  const own = inFloat32(plain)
  const { name, layout } = imageInput(own, imageShape)
  const [size = 1] = imageShape
  const freed = fixesBatch(own, size) ? freeBatch(own, operators) : own
  const first = (model: Model) => (layout === 'NCHW' ? model : channelsFirst(model, name))
  const [declared] = graphInputs(own.graph).map((i) => (i.type?.kind === 'tensor' ? i.type.shape : undefined))
  return {
    model: first(freed),
    fixed: freed === own ? undefined : { model: first(own), size: declared?.[0] as number },
    notices: [
      ...(own === plain ? [] : ['the model has 16-bit floats, which are float32 here.']),
      ...(layout === 'NCHW'
        ? []
        : [`input "${name}" is NHWC (height, width, channels): images are given to it in that order.`]),
    ],
  }
}

/**
 * The network with images of another size, where its file fixes one. What its nodes make of that shows when shapes are inferred.
 * @param size in pixels: a side, or [height, width]
 * @throws KerfError `wrong-size` where nodes do not take it, naming the first
 */
export function withInputSize(model: Model, size: number | readonly [height: number, width: number]): Model {
  const [input, ...others] = graphInputs(model.graph)
  const declared = input?.type?.kind === 'tensor' ? input.type.shape : undefined
  if (!input || others.length > 0 || declared?.length !== 4) return model
  const [height, width] = typeof size === 'number' ? [size, size] : size
  const axes = axesOf[layoutOf(input)]
  const sized = declared.map((d, i) => (typeof d !== 'number' ? d : axes[i] === 2 ? height : axes[i] === 3 ? width : d))
  if (sized.every((d, i) => d === declared[i])) return model
  const changed = withInputShapes(model, new Map([[input.name, sized]]))
  try {
    analyse(simplified(inferenceForm(changed, allOperators), allOperators), allOperators)
  } catch (error) {
    if (!(error instanceof NodeError)) throw error
    throw new KerfError(
      'wrong-size',
      `The model takes images of ${shapeText(declared.slice(1))}, and no others: with ${height}×${width} pixels ${error.message}`,
      { input: input.name, size: [height, width] },
    )
  }
  return changed
}

/** Takes [N, C, H, W] and hands it on as the input [N, H, W, C] that the model had. */
function channelsFirst(model: Model, name: string): Model {
  const editor = editGraph(model)
  const images = editor.name(`${name}/channels_first`)
  const { nodes } = editor
  return editor
    .mapInputs((info) => {
      if (info.name !== name || info.type?.kind !== 'tensor') return info
      const [n, h, w, c] = info.type.shape ?? []
      const shape = info.type.shape && ([n, c, h, w] as Shape)
      return { ...info, name: images, type: { ...info.type, shape } }
    })
    .setNodes([
      makeNode('Transpose', [images], [name], { perm: axesOf.NHWC }, { name: `${images}/transpose` }),
      ...nodes,
    ])
    .model()
}

export const shapeText = (shape: readonly unknown[] | undefined): string =>
  `[${shape?.map((d) => d || '?').join(',') ?? '?'}]`

/**
 * The input that images go to, of the sizes that they have, and how their axes lie there.
 * @throws KerfError `wrong-model` for another number or kind of inputs, `wrong-shape` when images are of another size
 */
export function imageInput(
  { graph }: Model,
  imageShape: readonly number[],
): { readonly name: string; readonly layout: ImageLayout } {
  const inputs = graphInputs(graph)
  const [input] = inputs
  if (!input || inputs.length > 1 || input.type?.kind !== 'tensor' || input.type.elementType !== 'float32')
    throw new KerfError(
      'wrong-model',
      `The model takes ${inputs.map((i) => `"${i.name}" (${i.type?.kind === 'tensor' ? `${i.type.elementType} ${shapeText(i.type.shape)}` : 'no tensor'})`).join(', ') || 'no input'}; expected one input of images, float32 [N,C,H,W].`,
      { inputs: inputs.map((i) => i.name) },
    )
  const { shape } = input.type
  const layout = shape ? imageLayoutOf(shape, imageShape) : 'NCHW'
  if (layout) return { name: input.name, layout }
  const [, channels] = imageShape
  const isLast = shape?.length === 4 && shape[3] === channels && shape[1] !== channels
  const wanted = shape?.[1]
  const remedy =
    isLast || typeof wanted !== 'number' || wanted === channels
      ? 'Add a resize to the transforms, or take other data.'
      : (wanted === 1 && channels === 3) || (wanted === 3 && channels === 1)
        ? `Add channels with the order ${wanted === 1 ? 'grey' : 'rgb'} to the transforms.`
        : `Take data of ${wanted} channels.`
  throw new KerfError(
    'wrong-shape',
    `The model takes images ${shapeText(shape?.slice(1))} (${isLast ? 'height, width, channels' : 'channels, height, width'}), the data give ${shapeText(imageShape.slice(1))}${isLast ? ' (channels, height, width)' : ''}. ${remedy}`,
    { input: input.name, expected: shape, received: imageShape },
  )
}
