import { KerfError } from '../../base/index.ts'
import type { FunctionDefinition, Graph } from '../../graph/index.ts'
import { Body, handedOn } from '../shared/body.ts'

/*
 * AdderConv in standard operators, so that any ONNX runtime runs a file that has it (FunctionProto, IR version 8):
 *
 *   T = Conv of every channel by itself with the K unit kernels                 [N·C, K, P…]   the taps of each window
 *   S[n, q, o, p] = Σ_l |T[n, q, l, p] − W[q, o, l]|,   l over (channel, tap)   a Scan over the filters of a group, all groups at once
 *   Y = Conv of S with −1 on the diagonal, and B
 *
 * A function cannot ask what it is given; operators that take the same can be handed it. The first Conv gets AdderConv's attributes as they
 * are, those left out included, and so deals with padding, strides and dilations along any number of axes; the last one gets the bias,
 * which is optional there too. Nothing depends on shapes before they are known: the body is one and the same for every node of a model.
 * Memory: the taps, K times the input, and twice that for the filter in turn. Both unit convolutions are exact.
 */

/** Attributes of Conv that shape the window; `group` follows from the shapes. */
const windowAttributes = ['auto_pad', 'dilations', 'kernel_shape', 'pads', 'strides'] as const

/** EyeLike, and Scan as it is used here. */
const firstVersion = 9

/**
 * The model-local function of AdderConv.
 * @param version of the standard operators in the model: runtimes read the body with it
 * @throws KerfError `unsupported-opset` below 9
 */
export function adderConvFunction(version: number): FunctionDefinition {
  if (version < firstVersion)
    throw new KerfError(
      'unsupported-opset',
      `AdderConv cannot be written into a model of opset ${version}: the function that other runtimes need takes ${firstVersion} or higher. Convert the model to opset 17 first (onnx.version_converter).`,
      { opset: version },
    )
  const body = new AdderBody(version)
  const xShape = body.node('Shape', ['X'])
  const wShape = body.node('Shape', ['W'])
  const batch = body.dimension(xShape, 0)
  const channels = body.dimension(xShape, 1)
  const filters = body.dimension(wShape, 0)
  const groupChannels = body.dimension(wShape, 1)
  const kernel = body.behind(wShape, 2)
  const taps = body.node('ReduceProd', [kernel], { keepdims: 1 })
  const groups = body.node('Div', [channels, groupChannels])

  const planes = body.reshape('X', [-1, 1, body.behind(xShape, 2)])
  const unitKernels = body.reshape(body.identity(taps), [taps, 1, kernel])
  const window = handedOn(windowAttributes)
  const windows = body.node('Conv', [planes, unitKernels], window)

  const length = body.node('Mul', [groupChannels, taps])
  const patches = body.reshape(windows, [batch, groups, length, -1])
  const filterColumns = body.reshape('W', [groups, -1, length, 1])
  const sums = body.node('Scan', [filterColumns], {
    body: { kind: 'graph', value: distances(version, patches) },
    num_scan_inputs: 1,
    scan_input_axes: [1],
    scan_output_axes: [2],
  })

  const joined = body.reshape(sums, [batch, filters, -1])
  const minusOne = body.node('Neg', [body.reshape(body.identity(filters), [filters, filters, 1])])
  const flat = body.node('Conv', [joined, minusOne, 'B'])
  body.reshape(flat, [batch, filters, body.behind(body.node('Shape', [windows]), 2)], 'Y')
  return {
    name: 'AdderConv',
    domain: 'ai.kerf',
    inputs: ['X', 'W', 'B'],
    outputs: ['Y'],
    attributes: [...windowAttributes, 'group'],
    defaults: new Map(),
    nodes: body.nodes,
    opsetImports: new Map([['', version]]),
    docString: 'Y = B - sum |X - W|: the L1 convolution of AdderNet (Chen et al., CVPR 2020); attributes as Conv.',
  }
}

/** One turn: `column` [groups, length, 1] against all `patches` [N, groups, length, P], to [N, groups, P]. */
function distances(version: number, patches: string): Graph {
  const body = new AdderBody(version, 'turn_')
  const differences = body.node('Abs', [body.node('Sub', [patches, 'column'])])
  const total = body.reduceSum(differences, 2)
  return {
    name: 'distances',
    inputs: [{ name: 'column', type: { kind: 'tensor', elementType: 'float32', shape: ['', '', 1] } }],
    outputs: [{ name: total, type: { kind: 'tensor', elementType: 'float32', shape: ['', '', ''] } }],
    initializers: new Map(),
    valueInfo: new Map(),
    nodes: body.nodes,
  }
}

/** What the body of AdderConv calculates sizes with. */
class AdderBody extends Body {
  /** One size, as a vector of one. */
  dimension(shape: string, axis: number): string {
    return this.node('Gather', [shape, this.ints(axis)])
  }

  /** The sizes from an axis on. */
  behind(shape: string, axis: number): string {
    const end = 2 ** 31 - 1
    return this.version < 10
      ? this.node('Slice', [shape], { starts: [axis], ends: [end] })
      : this.node('Slice', [shape, this.ints(axis), this.ints(end)])
  }

  /** @param shape sizes, and vectors of sizes */
  reshape(value: string, shape: readonly (number | string)[], output?: string): string {
    const parts = shape.map((part) => (typeof part === 'number' ? this.ints(part) : part))
    return this.node('Reshape', [value, this.node('Concat', parts, { axis: 0 })], {}, output)
  }

  /** The unit matrix of W's element type. */
  identity(size: string): string {
    const one = this.node('Gather', [this.reshape('W', [-1]), this.ints(0)])
    return this.node('EyeLike', [this.node('Expand', [one, this.node('Concat', [size, size], { axis: 0 })])])
  }

  reduceSum(value: string, axis: number): string {
    return this.version < 13
      ? this.node('ReduceSum', [value], { axes: [axis], keepdims: 0 })
      : this.node('ReduceSum', [value, this.ints(axis)], { keepdims: 0 })
  }
}
